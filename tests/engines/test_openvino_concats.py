"""Concatenations are taken out where that is the same, and left where it is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import streammat
from streammat_engines.openvino_concats import split_concats
from streammat_engines.openvino_module import load_openvino, openvino_core
from tests.tolerances import ENGINE_F32

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"
OPTIONS = {"INFERENCE_PRECISION_HINT": "f32"}
ONES, NO_PADS, PADS = [1, 1], [0, 0], [1, 1]


def drawn(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(np.float32)


def concatenating(axis: int = 1, *, shown: bool = False, grouped: int = 5) -> Any:
    """Two maps of 2 and 3 channels, concatenated, filtered by groups, mixed to 4 channels."""
    openvino = load_openvino()
    opset = openvino.opset13
    first = opset.parameter([1, 2, 8, 8], dtype=np.float32, name="first")
    second = opset.parameter(
        [1, 3, 8, 8] if axis == 1 else [1, 2, 8, 8], dtype=np.float32, name="second"
    )
    both = opset.concat([first, second], axis)
    channels = 5 if axis == 1 else 2
    groups = grouped if axis == 1 else channels
    filters = opset.constant(drawn(groups, channels // groups, channels // groups, 3, 3))
    filtered = opset.group_convolution(both, filters, ONES, PADS, PADS, ONES)
    mixing = opset.constant(drawn(4, channels, 1, 1))
    mixed = opset.convolution(filtered, mixing, ONES, NO_PADS, NO_PADS, ONES)
    results = [mixed, both] if shown else [mixed]
    return openvino.Model(results, [first, second], "concatenating")


def outputs(model: Any) -> list[NDArray[np.float32]]:
    compiled = openvino_core().compile_model(model, "CPU", OPTIONS)
    given = [drawn(*port.shape) for port in compiled.inputs]
    return [np.array(values) for values in compiled(given).values()]


def kinds(model: Any) -> list[str]:
    return [node.get_type_name() for node in model.get_ordered_ops()]


def test_a_concatenation_before_a_separable_convolution_goes_and_nothing_changes() -> None:
    model = concatenating()
    expected = outputs(model)
    assert split_concats(model) == 1
    assert "Concat" not in kinds(model)
    for found, wanted in zip(outputs(model), expected, strict=True):
        np.testing.assert_allclose(found, wanted, atol=ENGINE_F32)


@pytest.mark.parametrize(
    "options", [{"shown": True}, {"axis": 2}, {"grouped": 1}], ids=["used twice", "rows", "dense"]
)
def test_others_are_left(options: dict[str, Any]) -> None:
    model = concatenating(**options)
    assert split_concats(model) == 0
    assert "Concat" in kinds(model)


def test_the_default_model_has_five_in_each_decoder() -> None:
    frontend = load_openvino().frontend.FrontEndManager().load_by_framework("onnx")
    model = frontend.convert(frontend.load(str(MODEL)))
    assert (split_concats(model), split_concats(model)) == (10, 0)
