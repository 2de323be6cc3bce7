from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streammat_engines.accuracy import Outputs
from streammat_engines.graph.emulate import CpuGraph
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.manifest import Manifest, TensorSpec
from streammat_engines.tensorrt.build import build_plan
from streammat_engines.tensorrt.gpu import find_gpu
from streammat_engines.tensorrt.judge import ON_CPU, ON_GPU, PlanJudge, every_place
from streammat_kernels.errors import DependencyError
from tests.engines.tensorrt.plans import api, request_for
from tests.engines.tensorrt.test_build import convolved
from tests.engines.tiny_model import write_tiny_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

FRAME = np.random.default_rng(0).uniform(1, 255, (1, 3, 64, 64)).astype(np.float32)


def loud(model: Path, factor: float) -> Path:
    """The graph with its convolution's weights multiplied."""
    graph = onnx.load(str(model))
    for weight in graph.graph.initializer:
        if weight.name == "weights":
            values = onnx.numpy_helper.to_array(weight) * np.float32(factor)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(graph, str(model))
    return model


def test_a_sound_graph_is_within_the_limits(tmp_path: Path) -> None:
    request = request_for(convolved(write_tiny_model(tmp_path / "tiny.onnx")))
    built = build_plan(request, api(), gpu_present=False)
    verdict = PlanJudge("tt")(request, built, [FRAME])
    assert verdict is not None
    accuracy, where = verdict
    assert (accuracy.faults(), where) == ([], ON_CPU)


def test_a_graph_that_overflows_is_found_with_its_layer(tmp_path: Path) -> None:
    request = request_for(loud(convolved(write_tiny_model(tmp_path / "tiny.onnx")), 250.0))
    built = build_plan(request, api(), gpu_present=False)
    verdict = PlanJudge("tt")(request, built, [np.full_like(FRAME, 255 * 4)])
    assert verdict is not None
    assert verdict[0].faults()
    assert verdict[0].layers[0] == "Conv mixed"


def test_on_a_gpu_without_openvino_onnx_runtime_gives_the_fp32_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lacking() -> None:
        raise DependencyError("OpenVINO is missing: pip install openvino")

    monkeypatch.setattr("streammat_engines.openvino.load_openvino", lacking)
    request = request_for(convolved(write_tiny_model(tmp_path / "tiny.onnx")))
    built = build_plan(request, api(), gpu_present=False)
    single = CpuGraph(fixed_graph(request.model, request.height, request.width))

    class Plan:
        manifest = Manifest(
            "m", "0", "r", "d", "f16", (TensorSpec("rgb", (1, 3, 64, 64)),),
            tuple(TensorSpec(n, (1, c, 64, 64)) for n, c in (("glance", 3), ("focus", 1))),
            requests=1, threads=0,
        )  # fmt: skip

        def run(self, inputs: Any, outputs: Any) -> None:
            for name, values in single(inputs).items():
                outputs[name][...] = values

        def close(self) -> None: ...

    verdict = PlanJudge("tt", lambda *_: Plan())(request, built, [FRAME])
    assert verdict is not None
    assert (verdict[0].faults(), verdict[1]) == ([], ON_GPU)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DependencyError, match="OpenVINO is missing"):
        PlanJudge("tt", lambda *_: Plan())(request, built, [FRAME])


def test_where_no_driver_is_there_is_no_gpu() -> None:
    if Path("/proc/driver/nvidia/version").exists():
        pytest.skip("this machine has an NVIDIA driver")
    assert find_gpu() is None


class Batched:
    """An engine of so many pictures; focus is red / 255, or that of the picture beside."""

    def __init__(self, batch: int, *, mixes: bool = False) -> None:
        inputs, outputs = (
            tuple(TensorSpec(name, (batch, planes, 64, 64)) for name, planes in tensors)
            for tensors in ((("rgb", 3),), (("glance", 3), ("focus", 1)))
        )
        facts = ("m", "0", "r", "d", "f16", inputs, outputs)
        self.manifest = Manifest(*facts, requests=1, threads=0)
        self.batch, self.mixes, self.closed = batch, mixes, False

    def run(self, inputs: Outputs, outputs: Outputs) -> None:
        assert inputs["rgb"].shape == (self.batch, 3, 64, 64)
        seen = np.roll(inputs["rgb"], int(self.mixes), axis=0) / np.float32(255)
        outputs["glance"][...], outputs["focus"][...] = seen, seen[:, :1]

    def close(self) -> None:
        self.closed = True


def pictures(count: int) -> list[Any]:
    rng = np.random.default_rng(1)
    return [rng.uniform(1, 255, (1, 3, 64, 64)).astype(np.float32) for _ in range(count)]


@pytest.mark.parametrize(
    ("batch", "count", "places"), [(3, 2, [0, 1, 0]), (1, 2, [0, 1]), (2, 3, [0, 1, 2, 0])]
)
def test_different_pictures_are_judged_at_every_place_of_a_batch(
    batch: int, count: int, places: list[int]
) -> None:
    frames = pictures(count)
    found = list(every_place(Batched(batch), frames))
    assert [id(rgb) for rgb, _ in found] == [id(frames[place]) for place in places]
    for rgb, outputs in found:
        np.testing.assert_array_equal(outputs["focus"], rgb[:, :1] / np.float32(255))


@pytest.mark.parametrize("mixed", [(), (1,), (8,)])
def test_an_engine_of_any_batch_is_judged_at_its_smallest_and_its_largest(
    mixed: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_for(
        convolved(write_tiny_model(tmp_path / "tiny.onnx")), batch=8, dynamic=True
    )
    built = build_plan(request, api(), gpu_present=True)
    opened: list[Batched] = []
    computed: list[int] = []

    def open_plan(_: Any, built: Any) -> Batched:
        batch = built.inputs[0].shape[0]
        assert {tensor.shape[0] for tensor in built.outputs} == {batch}
        opened.append(Batched(batch, mixes=8 in mixed))
        if batch == 1 and 1 in mixed:
            opened[-1].run = lambda inputs, outputs: None  # type: ignore[method-assign]
        return opened[-1]

    def single(rgb: Any) -> Outputs:
        computed.append(id(rgb))
        return {"glance": rgb / np.float32(255), "focus": rgb[:, :1] / np.float32(255)}

    monkeypatch.setattr("streammat_engines.tensorrt.judge._single", lambda _: single)
    frames = pictures(4)
    verdict = PlanJudge("tt", open_plan)(request, built, frames)
    assert verdict is not None
    assert bool(verdict[0].faults()) == bool(mixed)
    assert [(engine.batch, engine.closed) for engine in opened] == [(1, True), (8, True)]
    assert computed == [id(frame) for frame in frames]  # FP32 once a picture
    assert verdict[0].frames == 4
