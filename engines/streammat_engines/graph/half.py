"""An FP32 graph -> a strongly typed FP16 graph, with ``onnx`` and NumPy alone.

Weights and activations become half; what is named below stays single, with Casts at the borders.
The rule is the outcome of a measurement (see engines/README.md); TensorRT 10, 11 and RTX take the
types as they stand in the graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..errors import EngineFileError
from .fixed import require_onnx

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

__all__ = ["HALF_RULE", "KEPT_SINGLE", "half_graph", "scaled_graph"]

HALF_RULE = "half-1"  # named in manifests and cache keys; raise it when the rule changes

KEPT_SINGLE = frozenset({
    "MatMul",  # pyramid pooling: sums over whole rows and columns
    "GlobalAveragePool", "ReduceMean", "ReduceSum", "AveragePool",  # large sums
    "Sigmoid", "Softmax", "Exp",  # half has 1/2048 steps just below 1
})  # fmt: skip
_FOLLOWING = frozenset({
    "Slice", "Concat", "Identity", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Flatten",
})  # fmt: skip
_FLOAT_ONLY = {"Resize": (1, 2)}  # inputs (region, scales) that ONNX wants in FP32
_INPUT_SCALE = 1 / 256  # a power of two: exact in every format
_HALF_MAX = float(np.finfo(np.float16).max)


@dataclass
class _Work:
    """The graph under conversion: each tensor's type, and the Casts made so far."""

    model: ModelProto
    weights: dict[str, TensorProto]
    half: dict[str, bool] = field(default_factory=dict)  # of every floating tensor seen
    learned: set[str] = field(default_factory=set)  # tensors that a convolution had part in
    nodes: list[NodeProto] = field(default_factory=list)
    made: dict[tuple[str, bool], str] = field(default_factory=dict)


def half_graph(model: ModelProto, kept_single: Iterable[str] = KEPT_SINGLE) -> ModelProto:
    """A strongly typed FP16 copy of a fixed FP32 graph; inputs and outputs stay FP32.

    Before the first convolution everything stays FP32. Where raw 0..255 goes straight into a
    convolution, it is divided by 256 and the weights multiplied: the product is the same, and
    small weights keep their digits (half has none below 6e-8 and few below 6e-5). Weights that
    would grow beyond half this way stay, and so do the pictures.

    Args:
        model: of `fixed_graph`; not changed.
        kept_single: operators that compute in FP32.

    Raises:
        EngineFileError: a weight is beyond the range of half precision (65504).
        DependencyError: onnx is not installed.
    """
    onnx = require_onnx()
    copy = scaled_graph(model)
    work = _Work(copy, {weight.name: weight for weight in copy.graph.initializer})
    work.half.update({item.name: False for item in copy.graph.input})
    single = frozenset(kept_single)
    for node in copy.graph.node:
        _convert(work, node, single)
    _single_outputs(work)
    _collect(work)
    onnx.checker.check_model(copy)
    return copy


def scaled_graph(model: ModelProto) -> ModelProto:
    """A copy that stays FP32, with raw 0..255 divided before convolutions, as in `half_graph`.

    For a builder that chooses half by itself. In FP32 it computes the very same values: multiplying
    by a power of two rounds nothing.

    Args:
        model: of `fixed_graph`; not changed.

    Raises:
        DependencyError: onnx is not installed.
    """
    onnx = require_onnx()
    copy: ModelProto = onnx.ModelProto()
    copy.CopyFrom(model)
    _scale_raw_input(copy)
    _drop_unread(copy)
    return copy


def _convert(work: _Work, node: NodeProto, single: frozenset[str]) -> None:
    """Choose the node's type, bring its inputs to it and note what comes out."""
    if node.op_type == "Cast":
        raise EngineFileError(
            f"the graph casts types by itself at {node.name or node.output[0]}: "
            "export it in FP32 with streammat's exporter"
        )
    if node.op_type == "Conv" or any(name in work.learned for name in node.input):
        work.learned.update(node.output)
    half = _is_half(work, node, single)
    fixed = _FLOAT_ONLY.get(node.op_type, ())
    for place, name in enumerate(node.input):
        if name and place not in fixed and _is_float(work, name):
            node.input[place] = _as(work, name, half)
    work.half.update(dict.fromkeys(node.output, half))
    work.nodes.append(node)


def _is_half(work: _Work, node: NodeProto, single: frozenset[str]) -> bool:
    if node.op_type in single:
        return False
    if node.op_type in _FOLLOWING:
        types = [work.half[name] for name in node.input if name in work.half]
        return any(types)
    return any(name in work.learned for name in node.output)


def _is_float(work: _Work, name: str) -> bool:
    if name in work.half:
        return True
    weight = work.weights.get(name)
    return weight is not None and weight.data_type == require_onnx().TensorProto.FLOAT


def _as(work: _Work, name: str, half: bool) -> str:
    """The name under which a floating tensor is there in the asked-for type."""
    if (name, half) in work.made:
        return work.made[name, half]
    if name in work.half:
        made = name if work.half[name] == half else _cast(work, name, half)
    else:
        made = _weight(work, name) if half else name
    work.made[name, half] = made
    return made


def _cast(work: _Work, name: str, half: bool) -> str:
    onnx = require_onnx()
    target = f"{name}__{'half' if half else 'single'}"
    kind = onnx.TensorProto.FLOAT16 if half else onnx.TensorProto.FLOAT
    work.nodes.append(onnx.helper.make_node("Cast", [name], [target], name=target, to=kind))
    return target


def _weight(work: _Work, name: str) -> str:
    onnx = require_onnx()
    values, largest = onnx.numpy_helper.to_array(work.weights[name]), _largest(work.weights[name])
    if not largest <= _HALF_MAX:
        raise EngineFileError(
            f"weight {name} reaches {largest:.3g}, half precision ends at 65504: "
            "build with --precision fp32"
        )
    target = f"{name}__half"
    work.weights[target] = onnx.numpy_helper.from_array(values.astype(np.float16), target)
    return target


def _largest(weight: TensorProto) -> float:
    return float(np.abs(require_onnx().numpy_helper.to_array(weight)).max(initial=0.0))


def _single_outputs(work: _Work) -> None:
    """An output that was computed in half leaves in FP32, under its own name."""
    for item in work.model.graph.output:
        if not work.half[item.name]:
            continue
        inner = f"{item.name}__inner"
        for node in work.nodes:
            _rename(node.input, item.name, inner)
            _rename(node.output, item.name, inner)
        onnx = require_onnx()
        work.nodes.append(
            onnx.helper.make_node("Cast", [inner], [item.name], to=onnx.TensorProto.FLOAT)
        )


def _rename(names: NodeProto, old: str, new: str) -> None:
    for place, name in enumerate(names):
        if name == old:
            names[place] = new


def _collect(work: _Work) -> None:
    graph = work.model.graph
    del graph.node[:]
    graph.node.extend(work.nodes)
    del graph.initializer[:]
    graph.initializer.extend(work.weights.values())
    _drop_unread(work.model)
    del graph.value_info[:]


def _drop_unread(model: ModelProto) -> None:
    """Take out weights that no node reads any more."""
    graph = model.graph
    read = {name for node in graph.node for name in node.input}
    kept = [weight for weight in graph.initializer if weight.name in read]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _scale_raw_input(model: ModelProto) -> None:
    """Divide raw 0..255 by 256 before convolutions that read it, and multiply their weights."""
    onnx = require_onnx()
    image = model.graph.input[0].name
    readers = [node for node in model.graph.node if image in node.input]
    if not readers or any(node.op_type != "Conv" or node.input[0] != image for node in readers):
        return
    weights = {weight.name: weight for weight in model.graph.initializer}
    if any(node.input[1] not in weights for node in readers):
        return
    if any(_largest(weights[node.input[1]]) > _HALF_MAX * _INPUT_SCALE for node in readers):
        return
    scale = onnx.numpy_helper.from_array(np.asarray(_INPUT_SCALE, np.float32), "input_scale")
    model.graph.initializer.append(scale)
    for node in readers:
        _multiply(model, node, weights[node.input[1]], 1 / _INPUT_SCALE)
        node.input[0] = "scaled_input"
    first = onnx.helper.make_node("Mul", [image, scale.name], ["scaled_input"], name="scale_input")
    model.graph.node.insert(0, first)


def _multiply(model: ModelProto, node: NodeProto, weight: TensorProto, by: float) -> None:
    helper: Callable[..., TensorProto] = require_onnx().numpy_helper.from_array
    values = require_onnx().numpy_helper.to_array(weight) * np.float32(by)
    name = f"{weight.name}__times_{by:.0f}"
    if all(other.name != name for other in model.graph.initializer):
        model.graph.initializer.append(helper(values, name))
    node.input[1] = name
