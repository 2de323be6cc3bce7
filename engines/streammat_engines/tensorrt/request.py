"""What engine is wanted: model, size, batch, precision, backend; and the key it is kept under."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import EngineFileError
from ..farther import looks_in_words
from ..graph.fixed import fixed_graph
from ..psp import STRIDE_PX
from .api import Api, Backend
from .gpu import Gpu

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["MAX_BATCH", "PROFILES", "EngineRequest", "cache_key", "looks_of", "profile_size"]

MAX_BATCH = 8
PROFILES = Path(__file__).resolve().parent.parent / "profiles" / "sizes.toml"
_BATCH = " batch "  # between size and batch
_KEY_LENGTH = 32  # hexadecimal digits: 128 bits


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineRequest:
    """One engine to build.

    Attributes:
        model: the ONNX file.
        sha256: of the file.
        height, width: of the input; multiples of 32.
        batch: pictures at a time; with ``dynamic`` the largest number.
        dynamic: any batch from 1 to ``batch``, best at ``batch``.
        precision: fp16 or fp32.
        backend: tensorrt or tensorrt-rtx.
        via: onnx (the backend's own parser) or torch (Torch-TensorRT).
        refit: the plan may be given the weights of another training of the same network.
        second_glance: glance is the mean of two looks, see `graph.second_glance`.

    Raises:
        EngineFileError: a size or batch that cannot be.
    """

    model: Path
    sha256: str
    height: int
    width: int
    batch: int = 1
    dynamic: bool = False
    precision: Literal["fp16", "fp32"] = "fp16"
    backend: Backend = "tensorrt"
    via: Literal["onnx", "torch"] = "onnx"
    refit: bool = False
    second_glance: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= MAX_BATCH:
            raise EngineFileError(f"batch {self.batch}: use 1..{MAX_BATCH}")
        if any(side < STRIDE_PX or side % STRIDE_PX for side in (self.height, self.width)):
            raise EngineFileError(
                f"network size {self.width}x{self.height}: both sides must be multiples of "
                f"{STRIDE_PX}, at least {STRIDE_PX}"
            )

        if self.refit and self.via == "torch":
            raise EngineFileError(
                "--refit goes with --via onnx: Torch-TensorRT does not keep the weights' names"
            )

    @property
    def batches(self) -> tuple[int, int, int]:
        """Smallest, best and largest batch."""
        return (1 if self.dynamic else self.batch, self.batch, self.batch)

    @property
    def looks(self) -> str:
        """Size in words, e.g. ``960x544``, ``512x288+256x128``."""
        return looks_in_words(self.height, self.width, second_glance=self.second_glance)

    @property
    def profile(self) -> str:
        """Size and batch in words, e.g. ``960x544 batch 1..8``, ``512x288+256x128 batch 1``."""
        low, _, high = self.batches
        return f"{self.looks}{_BATCH}{high if low == high else f'{low}..{high}'}"

    def graph_fp32(self, batch: int | None = 1) -> ModelProto:
        """The network in FP32 for this size; see `fixed_graph`."""
        return fixed_graph(
            self.model, self.height, self.width, batch, second_glance=self.second_glance
        )


def looks_of(profile: str) -> str:
    """Size in words out of an `EngineRequest.profile`."""
    return profile.partition(_BATCH)[0]


def cache_key(request: EngineRequest, api: Api, gpu: Gpu | None, rules: dict[str, str]) -> str:
    """Hexadecimal key over everything that makes a plan another or invalid.

    Args:
        request: what is built.
        api: by which release.
        gpu: where; None only for a portable TensorRT-RTX plan.
        rules: revisions of our own graph rewriting.
    """
    facts: dict[str, Any] = asdict(request)
    del facts["model"]  # its content counts, not where it lies
    facts |= {"api": api.name, "targets": api.targets(gpu is not None), "rules": rules}
    facts["gpu"] = asdict(gpu) if gpu is not None else None
    text = json.dumps(facts, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_KEY_LENGTH]


@cache
def _profiles() -> dict[str, tuple[int, int]]:
    table = tomllib.loads(PROFILES.read_text(encoding="utf-8"))
    return {name: (row["width"], row["height"]) for name, row in table.items()}


def profile_size(name: str) -> tuple[int, int]:
    """Width and height of the network for a named picture size, e.g. ``1080p``: (960, 544).

    Raises:
        EngineFileError: no such profile.
    """
    try:
        return _profiles()[name]
    except KeyError:
        known = ", ".join(_profiles())
        raise EngineFileError(f"profile {name!r}: use {known}, or --size WxH") from None
