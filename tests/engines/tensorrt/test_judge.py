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
from streammat_engines.tensorrt.judge import ON_CPU, ON_GPU, PlanJudge, as_network
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
    """An engine of three pictures; focus is red / 255."""

    manifest = Manifest(
        *("m", "0", "r", "d", "f16"),
        inputs=(TensorSpec("rgb", (3, 3, 64, 64)),),
        outputs=(TensorSpec("focus", (3, 1, 64, 64)),),
        requests=1,
        threads=0,
    )

    def run(self, inputs: Outputs, outputs: Outputs) -> None:
        assert inputs["rgb"].shape == (3, 3, 64, 64)
        outputs["focus"][...] = inputs["rgb"][:, :1] / 255


def test_an_engine_of_a_larger_batch_is_judged_picture_by_picture() -> None:
    found = as_network(Batched())(FRAME)
    np.testing.assert_array_equal(found["focus"], FRAME[:, :1] / 255)
