"""The manifest beside a plan: what it was built from, by what, for what, and how good it is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import PurePath
from typing import Any

from ..errors import EngineError
from ..manifest import Manifest, TensorSpec

__all__ = ["OtherSchema", "PlanManifest", "PlanTensor"]

SCHEMA = 1


class OtherSchema(EngineError):
    """The manifest is of another release of this program, for which the plan may be good."""


@dataclass(frozen=True, slots=True)
class PlanTensor:
    """One input or output: name, largest shape (B, C, H, W) and dtype."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanManifest:
    """Facts of one plan; JSON beside it.

    Attributes:
        key: what the plan is kept under.
        model: file name of the model.
        model_sha256: of the file.
        graph_sha256: of the graph that the builder got: one size, one precision.
        weights_sha256: of the graph's weights alone.
        structure_sha256: of the graph without them.
        inputs, outputs: with the largest batch.
        profile: size and batch in words.
        batches: smallest, best and largest batch.
        precision: fp16 or fp32.
        backend: tensorrt or tensorrt-rtx, and its version.
        version: of the backend.
        via: onnx or torch.
        targets: compute capabilities of a portable plan; empty: only the GPU below.
        gpu, sm, driver: where it was built; empty: without a GPU.
        build_seconds: how long it took.
        plan_bytes, plan_sha256: of the plan file.
        accuracy: against FP32 (see `accuracy.Accuracy`), None where it was not measured.
        refittable: other weights can be put in.
        rules: revisions of the graph rewriting.
        built: when, ISO 8601 UTC.
    """

    key: str
    model: str
    model_sha256: str
    graph_sha256: str
    weights_sha256: str
    structure_sha256: str
    inputs: tuple[PlanTensor, ...]
    outputs: tuple[PlanTensor, ...]
    profile: str
    batches: tuple[int, int, int]
    precision: str
    backend: str
    version: str
    via: str
    targets: tuple[str, ...]
    gpu: str
    sm: str
    driver: str
    build_seconds: float
    plan_bytes: int
    plan_sha256: str
    accuracy: dict[str, Any] | None = None
    refittable: bool = False
    rules: dict[str, str] = field(default_factory=dict)
    built: str = ""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Readable JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> PlanManifest:
        """The inverse.

        Raises:
            OtherSchema: of another release of this program.
            EngineError: damaged.
        """
        try:
            values = json.loads(text)
            if isinstance(schema := values["schema"], int) and schema != SCHEMA:
                raise OtherSchema(f"plan manifest has schema {schema}; this release has {SCHEMA}")
            known = {item.name for item in fields(cls)}
            values = {name: value for name, value in values.items() if name in known}
            for name in ("inputs", "outputs"):
                values[name] = tuple(_tensor(item) for item in values[name])
            for name in ("batches", "targets"):
                values[name] = tuple(values[name])
            return cls(**values)
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(f"plan manifest is damaged: {error}") from error

    @property
    def rebuilding(self) -> str:
        """The command that builds such a plan anew."""
        low, _, largest = self.batches
        *_, height, width = self.inputs[0].shape
        words = [f"streammat engine build {PurePath(self.model).stem} --size {width}x{height}"]
        words += [f"--batch {largest}"] if largest > 1 else []
        words += ["--dynamic"] if low != largest else []
        words += ["--precision fp32"] if self.precision == "fp32" else []
        words += ["--via torch"] if self.via == "torch" else []
        return " ".join([*words, f"--backend {self.backend}", "--rebuild"])

    def limited_to(self, batch: int) -> PlanManifest:
        """As of an engine whose largest batch is ``batch``, which is within ``batches``."""
        low, best, _ = self.batches
        sides = [
            tuple(replace(tensor, shape=(batch, *tensor.shape[1:])) for tensor in tensors)
            for tensors in (self.inputs, self.outputs)
        ]
        return replace(
            self, inputs=sides[0], outputs=sides[1], batches=(low, min(best, batch), batch)
        )

    def engine_manifest(self, requests: int) -> Manifest:
        """The part that every engine states; ``device`` names the GPU."""
        return Manifest(
            model=self.model,
            sha256=self.model_sha256,
            runtime=f"{self.backend} {self.version}",
            device=self.gpu or "NVIDIA GPU",
            precision={"fp16": "f16", "fp32": "f32"}[self.precision],
            inputs=tuple(TensorSpec(t.name, t.shape) for t in self.inputs),
            outputs=tuple(TensorSpec(t.name, t.shape) for t in self.outputs),
            requests=requests,
            threads=0,
            options={"plan": self.key, "profile": self.profile, "via": self.via},
        )


def _tensor(values: dict[str, Any]) -> PlanTensor:
    return PlanTensor(str(values["name"]), tuple(values["shape"]), str(values["dtype"]))
