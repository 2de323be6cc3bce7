from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import streammat
from streammat_engines.accuracy import LIMITS, compare
from streammat_engines.errors import EngineFileError
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.graph.half import half_graph
from streammat_engines.graph.module import graph_module
from tests.tolerances import ENGINE_RUNTIMES

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from streammat_engines.graph.emulate import CpuGraph, rounded_graph  # noqa: E402

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"


@pytest.fixture(scope="module")
def frame() -> np.ndarray[Any, np.dtype[np.float32]]:
    """Smooth colours with an edge: a network's answer to noise says little."""
    y, x = np.mgrid[0:64, 0:96] / np.float32(96)
    return np.stack([255 * x, 255 * y, 255 * (x > y)])[None].astype(np.float32)


def called(module: Any, rgb: Any) -> dict[str, Any]:
    with torch.no_grad():
        glance, focus = module(torch.from_numpy(rgb))
    return {"glance": glance.numpy(), "focus": focus.numpy()}


def test_the_module_gives_what_the_graph_gives(frame: Any) -> None:
    graph = fixed_graph(MODEL, 64, 96)
    expected = CpuGraph(graph)({"rgb": frame})
    for name, values in called(graph_module(graph), frame).items():
        np.testing.assert_allclose(values, expected[name], atol=ENGINE_RUNTIMES)


def test_the_half_module_is_as_good_as_the_half_graph(frame: Any) -> None:
    graph = half_graph(fixed_graph(MODEL, 64, 96))
    module, rounded = graph_module(graph), CpuGraph(rounded_graph(graph))
    found = compare(lambda rgb: rounded({"rgb": rgb}), lambda rgb: called(module, rgb), [frame])
    assert found.faults(LIMITS) == []
    kinds = {buffer.dtype for buffer in module.buffers()}
    assert kinds == {torch.float16, torch.float32}


@pytest.mark.parametrize(("side", "rounded_up"), [(64, False), (65, True)])
def test_a_pool_is_asked_to_round_up_only_where_that_matters(side: int, rounded_up: bool) -> None:
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    pool = helper.make_node(
        "MaxPool", ["rgb"], ["out"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1
    )
    ends = [helper.make_tensor_value_info(n, kind, [1, 3, None, None]) for n in ("rgb", "out")]
    graph = helper.make_model(helper.make_graph([pool], "pool", ends[:1], ends[1:]))
    rgb = torch.arange(3.0 * side * side).reshape(1, 3, side, side)
    program = torch.export.export(graph_module(graph), (rgb,))
    assert any(True in node.args for node in program.graph.nodes) == rounded_up
    (out,) = program.module()(rgb)
    assert out.shape[-1] == -(-side // 2)
    torch.testing.assert_close(out, torch.nn.functional.max_pool2d(rgb, 2, 2, ceil_mode=True))


def test_what_the_module_does_not_know_is_named() -> None:
    def changed(kind: str, change: Any) -> Any:
        graph = fixed_graph(MODEL, 64, 64)
        change(next(node for node in graph.graph.node if node.op_type == kind))
        return graph

    def odd_padding(node: Any) -> None:
        pads = next(item for item in node.attribute if item.name == "pads")
        pads.ints[:] = [0, 0, 1, 1]

    def renamed(node: Any) -> None:
        node.op_type = "Erf"

    def computed(node: Any) -> None:
        node.input[1] = "elsewhere"

    for kind, change, message in (
        ("Relu", renamed, "operator Erf: use --via onnx"),
        ("Conv", odd_padding, "Conv with unequal padding"),
        ("Slice", computed, "Slice by a computed elsewhere"),
    ):
        with pytest.raises(EngineFileError, match=message):
            graph_module(changed(kind, change))
