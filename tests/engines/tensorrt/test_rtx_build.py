"""Real parsing, type checking and building by TensorRT-RTX, which needs no GPU for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import streammat
from streammat_engines.errors import EngineDeviceError, EngineFileError
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.graph.half import half_graph
from streammat_engines.manifest import file_sha256
from streammat_engines.tensorrt import build
from streammat_engines.tensorrt.api import load_api
from streammat_engines.tensorrt.build import build_plan
from streammat_engines.tensorrt.gpu import find_gpu
from streammat_engines.tensorrt.log import make_log
from streammat_engines.tensorrt.request import EngineRequest
from tests.engines.tensorrt.narrowed import export_narrowed, one_size

onnx = pytest.importorskip("onnx")
pytest.importorskip("tensorrt_rtx")

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"
VARIANTS = (
    ("r34", "TT"),
    ("r34", "FT"),
    ("r34", "BT"),
    ("r34_2b", "TT"),
    ("r101", "TT"),
    ("d121", "TT"),
    ("d121", "RIM"),
)
FIRST = VARIANTS[0]


def request(model: Path = MODEL, **options: Any) -> EngineRequest:
    base: dict[str, Any] = {"height": 288, "width": 512, "backend": "tensorrt-rtx"}
    return EngineRequest(model=model, sha256=file_sha256(model), **{**base, **options})


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch": 8, "dynamic": True},
        {"precision": "fp32"},
        {"second_glance": True},
        {"second_glance": True, "batch": 8, "dynamic": True},
    ],
)
def test_the_default_model_becomes_a_portable_plan(options: dict[str, Any]) -> None:
    built = build_plan(request(**options), load_api("tensorrt-rtx"), gpu_present=False)
    batch = options.get("batch", 1)
    assert len(built.plan) > (15e6 if options.get("precision") == "fp32" else 7e6)
    assert built.targets == ("SM80", "SM86", "SM89", "SM120")
    shapes = {spec.name: spec.shape for spec in (*built.inputs, *built.outputs)}
    assert shapes == {
        "rgb": (batch, 3, 288, 512),
        "glance": (batch, 3, 288, 512),
        "focus": (batch, 1, 288, 512),
    }


def test_the_type_checker_sees_half_inside_and_single_where_it_is_kept() -> None:
    api = load_api("tensorrt-rtx")
    trt, log = api.trt, make_log(api.trt)
    builder = trt.Builder(log)
    network = builder.create_network(api.network_flags())
    parser = trt.OnnxParser(network, log)
    assert parser.parse(half_graph(fixed_graph(MODEL, 64, 64)).SerializeToString())
    found: dict[Any, set[Any]] = {}
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        found.setdefault(layer.type, set()).add(layer.get_output(0).dtype)
    assert found[trt.LayerType.CONVOLUTION] == {trt.DataType.HALF}
    assert found[trt.LayerType.MATRIX_MULTIPLY] == {trt.DataType.FLOAT}


def test_mixed_types_are_refused_by_the_real_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    def mixed(*_: Any, **__: Any) -> Any:
        graph = half_graph(fixed_graph(MODEL, 64, 64))
        cast = next(node for node in graph.graph.node if node.op_type == "Cast")
        for node in graph.graph.node:  # the first convolution reads FP32 again
            for place, name in enumerate(node.input):
                if name == cast.output[0]:
                    node.input[place] = cast.input[0]
        return graph

    monkeypatch.setattr(build, "graph_of", mixed)
    with pytest.raises(EngineFileError, match=r"tensorrt-rtx .* does not take the graph"):
        build_plan(request(), load_api("tensorrt-rtx"), gpu_present=False)


def test_a_build_for_a_gpu_without_its_driver_is_no_bug_and_says_what_to_do() -> None:
    if find_gpu() is not None:
        pytest.skip("this machine has an NVIDIA driver")
    step = r"could not build .*cudaError \d+.*update the NVIDIA driver.*streammat doctor"
    with pytest.raises(EngineDeviceError, match=step) as failed:
        build_plan(request(height=64, width=64), load_api("tensorrt-rtx"), gpu_present=True)
    assert failed.value.exit_code == 4


def test_refitting_needs_a_gpu_and_says_so() -> None:
    with pytest.raises(EngineFileError, match="--refit"):
        build_plan(request(refit=True), load_api("tensorrt-rtx"), gpu_present=False)


def _builds(model: Path, outputs: int) -> None:
    """By the real parser, type checker and builder, for batch 1 and for any from 1 to 8."""
    api = load_api("tensorrt-rtx")
    for options in ({}, {"batch": 8, "dynamic": True}):
        built = build_plan(request(model, **options), api, gpu_present=False)
        assert built.plan
        assert len(built.outputs) == outputs
        assert all(np.prod(spec.shape) > 0 for spec in built.outputs)


def _flow(graph: Any) -> list[Any]:
    """Operators, attributes and what goes where; tensors by when they come, weights by content."""
    known = {w.name: onnx.numpy_helper.to_array(w).tobytes() for w in graph.graph.initializer}
    known |= {item.name: item.name for item in (*graph.graph.input, *graph.graph.output)}
    steps = []
    for node in graph.graph.node:
        for name in node.output:
            known.setdefault(name, len(known))
        attributes = sorted(part.SerializeToString() for part in node.attribute)
        tensors = [known.get(name, name) for name in (*node.input, *node.output)]
        steps.append((node.op_type, attributes, tensors))
    return steps


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first network, as it is shipped: for every size."""
    pytest.importorskip("torch").manual_seed(0)
    pytest.importorskip("onnxscript")
    return export_narrowed(*FIRST, tmp_path_factory.mktemp("exported") / "first.onnx")


@pytest.mark.timeout(600)  # PyTorch's exporter is slow where other programs run
def test_a_released_network_of_every_size_builds_narrowed(exported: Path) -> None:
    _builds(exported, 2)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("backbone", "rosta"), VARIANTS)
def test_every_released_network_builds_narrowed(
    backbone: str, rosta: str, exported: Path, tmp_path: Path
) -> None:
    import torch

    torch.manual_seed(0)
    with one_size():
        model = export_narrowed(backbone, rosta, tmp_path / f"{backbone}_{rosta}.onnx")
    if (backbone, rosta) == FIRST:  # the short cut changes nothing
        ours, shipped = (_flow(fixed_graph(path, 288, 512, None)) for path in (model, exported))
        assert ours == shipped
    _builds(model, 6 if rosta == "RIM" else 2)
