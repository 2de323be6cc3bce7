"""A GFM-shaped graph of a few nodes, small enough to reason about by hand.

``focus`` is the sigmoid of (red - 127.5) / 25.5. ``glance`` is three planes: the sigmoid of the
pooled and stretched green channel (all three bins summed), a constant 0.5, and the focus plane.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SCALE = 1 / 25.5


def write_tiny_model(path: Path, *, psp: bool = True, image_name: str = "rgb") -> Path:
    """Write the graph to ``path``; skips the test where onnx is not installed."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper

    shapes: dict[str, list[Any]] = {image_name: ["n", 3, "H", "W"]}
    if psp:
        shapes |= {"pool_h": [9, "h"], "pool_w": ["w", 9], "up_h": ["h", 9], "up_w": [9, "w"]}
    inputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items()]
    outputs = [
        helper.make_tensor_value_info("glance", TensorProto.FLOAT, ["n", 3, "H", "W"]),
        helper.make_tensor_value_info("focus", TensorProto.FLOAT, ["n", 1, "H", "W"]),
    ]
    nodes, constants = _head(image_name)
    if psp:
        more_nodes, more_constants = _pooled()
        nodes, constants = nodes + more_nodes, constants + more_constants
    else:
        nodes.append(helper.make_node("Identity", ["green"], ["context"]))
    nodes += [
        helper.make_node("Sigmoid", ["context"], ["glance_0"]),
        helper.make_node("Sub", ["focus", "focus"], ["zero"]),
        helper.make_node("Add", ["zero", "half"], ["glance_1"]),
        helper.make_node("Concat", ["glance_0", "glance_1", "focus"], ["glance"], axis=1),
    ]
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, str(path))
    return path


def _constant(name: str, values: Any, dtype: Any = np.float32) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.asarray(values, dtype), name)


def _slice(source: str, target: str, start: int, end: int, axis: int) -> tuple[Any, list[Any]]:
    """One Slice node with the constants that it needs."""
    from onnx import helper

    names = [f"{target}_{part}" for part in ("start", "end", "axis")]
    constants = [
        _constant(n, [v], np.int64) for n, v in zip(names, (start, end, axis), strict=True)
    ]
    return helper.make_node("Slice", [source, *names], [target]), constants


def _head(image_name: str) -> tuple[list[Any], list[Any]]:
    from onnx import helper

    red, red_constants = _slice(image_name, "red_raw", 0, 1, 1)
    green, green_constants = _slice(image_name, "green_raw", 1, 2, 1)
    nodes = [
        red,
        green,
        helper.make_node("Sub", ["red_raw", "middle"], ["red_centred"]),
        helper.make_node("Mul", ["red_centred", "scale"], ["red"]),
        helper.make_node("Sub", ["green_raw", "middle"], ["green_centred"]),
        helper.make_node("Mul", ["green_centred", "scale"], ["green"]),
        helper.make_node("Sigmoid", ["red"], ["focus"]),
    ]
    constants = [_constant("middle", 127.5), _constant("scale", SCALE), _constant("half", 0.5)]
    return nodes, constants + red_constants + green_constants


def _pooled() -> tuple[list[Any], list[Any]]:
    """Green: mean over 32 x 32 cells, the three bins pooled and stretched, summed, enlarged."""
    from onnx import helper

    nodes = [
        helper.make_node(
            "AveragePool", ["green"], ["cells"], kernel_shape=[32, 32], strides=[32, 32]
        ),
        helper.make_node("MatMul", ["pool_h", "cells"], ["pooled_rows"]),
        helper.make_node("MatMul", ["pooled_rows", "pool_w"], ["pooled"]),
    ]
    constants: list[Any] = []
    for first, end in ((0, 1), (1, 4), (4, 9)):
        names = [f"{part}_{first}" for part in ("bin_rows", "bin", "up_rows", "up_columns")]
        cuts = [
            ("pooled", names[0], 2),
            (names[0], names[1], 3),
            ("up_h", names[2], 1),
            ("up_w", names[3], 0),
        ]
        for source, target, axis in cuts:
            node, needed = _slice(source, target, first, end, axis)
            nodes.append(node)
            constants += needed
        nodes += [
            helper.make_node("MatMul", [names[2], names[1]], [f"tall_{first}"]),
            helper.make_node("MatMul", [f"tall_{first}", names[3]], [f"wide_{first}"]),
        ]
    nodes += [
        helper.make_node("Sum", ["wide_0", "wide_1", "wide_4"], ["summed"]),
        helper.make_node(
            "Resize",
            ["summed", "", "scales"],
            ["context"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
    ]
    return nodes, [*constants, _constant("scales", [1, 1, 32, 32])]


def expected_focus(rgb: NDArray[np.float32]) -> NDArray[np.float64]:
    """What the graph's ``focus`` is for ``rgb`` (3, H, W)."""
    return np.asarray(1 / (1 + np.exp(-(rgb[0].astype(np.float64) - 127.5) * SCALE)))


def expected_glance(rgb: NDArray[np.float32]) -> NDArray[np.float64]:
    """What ``glance`` is with pooling: PyTorch's own pooling and interpolation do the work."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    height, width = rgb.shape[1:]
    green = torch.from_numpy((rgb[1].astype(np.float64) - 127.5) * SCALE)[None, None]
    cells = functional.avg_pool2d(green, 32)
    context = sum(
        functional.interpolate(
            functional.adaptive_avg_pool2d(cells, bins),
            (height // 32, width // 32),
            mode="bilinear",
            align_corners=True,
        )
        for bins in (1, 3, 5)
    )
    context = functional.interpolate(context, (height, width), mode="nearest")
    first = torch.sigmoid(context)[0, 0].numpy()
    return np.stack([first, np.full_like(first, 0.5), expected_focus(rgb)])
