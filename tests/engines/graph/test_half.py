from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import streammat
from streammat_engines.accuracy import LIMITS, compare
from streammat_engines.errors import EngineFileError
from streammat_engines.graph.blame import layer_errors, worst_layers
from streammat_engines.graph.emulate import CpuGraph, rounded_graph
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.graph.half import half_graph, scaled_graph
from tests.tolerances import ENGINE_F32

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"


def chain(*nodes: Any, weights: dict[str, NDArray[Any]], out: str = "out") -> Any:
    """A graph rgb (1, 3, 8, 8) -> ``out``."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    given = helper.make_tensor_value_info("rgb", kind, [1, 3, 8, 8])
    made = helper.make_tensor_value_info(out, kind, [1, 3, 8, 8])
    constants = [onnx.numpy_helper.from_array(v, n) for n, v in weights.items()]
    graph = helper.make_graph(list(nodes), "chain", [given], [made], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def conv(source: str, weight: str, target: str) -> Any:
    return onnx.helper.make_node("Conv", [source, weight], [target])


def mix(scale: float) -> NDArray[np.float32]:
    return (np.eye(3, dtype=np.float32) * scale).reshape(3, 3, 1, 1)


LARGE = {"w": mix(300.0), "v": mix(1e-3)}  # 300 x 256 has no half


def types_of(model: Any) -> dict[str, int]:
    typed = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    return {v.name: v.type.tensor_type.elem_type for v in (*typed.value_info, *typed.output)}


def test_the_default_model_is_half_inside_and_single_at_its_borders() -> None:
    half = half_graph(fixed_graph(MODEL, 64, 64))
    kinds, single = types_of(half), onnx.TensorProto.FLOAT
    by_operator: dict[str, set[int]] = {}
    for node in half.graph.node:
        by_operator.setdefault(node.op_type, set()).add(kinds[node.output[0]])
    for kept in ("MatMul", "Sigmoid", "Sub", "Mul"):  # pooling, ends, normalisation
        assert by_operator[kept] == {single}
    for changed in ("Conv", "Relu", "Clip", "Resize", "Add"):
        assert by_operator[changed] == {onnx.TensorProto.FLOAT16}
    assert {kinds[item.name] for item in half.graph.output} == {single}


def test_an_fp16_engine_of_the_default_model_keeps_to_the_limits_on_real_frames() -> None:
    from streammat.gpu.frames import sample_frames

    single = fixed_graph(MODEL, 160, 288)
    graphs = [CpuGraph(single), CpuGraph(rounded_graph(half_graph(single)))]
    reference, candidate = ((lambda rgb, run=run: run({"rgb": rgb})) for run in graphs)
    found = compare(reference, candidate, sample_frames(160, 288)[:2])
    assert found.faults(LIMITS) == []
    assert found.focus.largest > 0  # it is not FP32 in disguise


def test_every_half_tensor_is_rounded_in_the_emulation() -> None:
    rng = np.random.default_rng(0)
    single = chain(
        conv("rgb", "w", "a"), conv("a", "v", "out"), weights={"w": mix(1 / 3), "v": mix(0.7)}
    )
    rgb = rng.uniform(0, 255, (1, 3, 8, 8)).astype(np.float32)
    found = CpuGraph(rounded_graph(half_graph(single)), ("a",))({"rgb": rgb})
    scaled = (rgb / 256).astype(np.float16).astype(np.float32)
    third = np.float32(np.float16(np.float32(1 / 3) * 256))
    by_hand = (scaled * third).astype(np.float16)
    np.testing.assert_array_equal(found["a"], by_hand.astype(np.float32))
    after = by_hand.astype(np.float32) * np.float32(np.float16(0.7))
    np.testing.assert_array_equal(found["out"], after.astype(np.float16).astype(np.float32))


def test_raw_pictures_are_divided_before_a_convolution_that_reads_them() -> None:
    tiny = chain(conv("rgb", "w", "out"), weights={"w": mix(2.0**-26)})
    half = half_graph(tiny)
    rgb = np.full((1, 3, 8, 8), 200, np.float32)
    found = CpuGraph(rounded_graph(half))({"rgb": rgb})["out"]
    np.testing.assert_allclose(found, 200 * 2.0**-26, rtol=0.01)
    stored = {w.name: onnx.numpy_helper.to_array(w) for w in half.graph.initializer}
    assert stored["w__times_256__half"].max() == 2.0**-18  # 2^-26 itself has no half


@pytest.mark.parametrize("scale", [2.0**-26, 1 / 3, 10.0])
def test_for_a_builder_that_chooses_half_pictures_are_divided_and_fp32_stays_the_same(
    scale: float,
) -> None:
    rng = np.random.default_rng(0)
    weights = {"w": (rng.normal(size=(3, 3, 3, 3)) * scale).astype(np.float32), "v": mix(0.7)}
    pads = onnx.helper.make_node("Conv", ["rgb", "w"], ["a"], pads=[1, 1, 1, 1])
    plain = chain(pads, conv("a", "v", "out"), weights=weights)
    scaled = scaled_graph(plain)
    assert [node.op_type for node in plain.graph.node] == ["Conv", "Conv"]  # not changed
    assert [node.op_type for node in scaled.graph.node] == ["Mul", "Conv", "Conv"]
    names = {weight.name for weight in scaled.graph.initializer}
    assert names == {"w__times_256", "v", "input_scale"}
    rgb = rng.uniform(0, 255, (1, 3, 8, 8)).astype(np.float32)
    found, expected = (CpuGraph(graph)({"rgb": rgb})["out"] for graph in (scaled, plain))
    np.testing.assert_allclose(found, expected, rtol=ENGINE_F32, atol=0)


def test_pictures_are_not_divided_where_the_weights_would_grow_beyond_half() -> None:
    single = chain(conv("rgb", "w", "a"), conv("a", "v", "out"), weights=LARGE)
    assert scaled_graph(single).graph == single.graph
    stored = {w.name: onnx.numpy_helper.to_array(w) for w in half_graph(single).graph.initializer}
    assert stored["w__half"].max() == 300


def test_a_graph_that_normalises_its_pictures_is_left_as_it_is() -> None:
    single = fixed_graph(MODEL, 64, 64)
    assert scaled_graph(single).graph.node == single.graph.node


def test_a_weight_beyond_half_is_refused() -> None:
    huge = chain(conv("rgb", "w", "out"), weights={"w": mix(1e6)})
    with pytest.raises(EngineFileError, match=r"weight w.* half precision ends at 65504.*fp32"):
        half_graph(huge)


def test_overflow_shows_and_the_layer_where_it_begins_is_named() -> None:
    nodes = (
        conv("rgb", "quiet", "a"),
        conv("a", "loud", "b"),
        conv("b", "small", "c"),
        onnx.helper.make_node("Sigmoid", ["c"], ["out"]),
    )
    weights = {"quiet": mix(1.0), "loud": mix(1000.0), "small": mix(1e-4)}
    single = chain(*nodes, weights=weights)
    rgb = np.full((1, 3, 8, 8), 255, np.float32)
    half = half_graph(single)
    assert not np.isfinite(CpuGraph(rounded_graph(half), ("b",))({"rgb": rgb})["b"]).any()
    errors = layer_errors(single, half, rgb)
    assert worst_layers(errors) == ("Conv b",)
    assert errors[1].largest == 255_000


def test_the_layer_that_loses_most_is_named() -> None:
    nodes = (
        conv("rgb", "w", "a"),
        onnx.helper.make_node("Add", ["a", "big"], ["b"]),  # rounds away what a holds
        onnx.helper.make_node("Sub", ["b", "big"], ["out"]),
    )
    weights = {"w": mix(0.01), "big": np.asarray(4096.0, np.float32)}
    single = chain(*nodes, weights=weights)
    rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, 8, 8)).astype(np.float32)
    worst = worst_layers(layer_errors(single, half_graph(single), rgb), 1)
    assert worst == ("Sub out",)
