"""Concatenations before separable convolutions, taken out of an OpenVINO graph.

The decoders concatenate two maps, filter every channel by itself (depthwise) and mix the channels
(1x1). Both steps are linear, so the sum of what the two maps give alone is the same, and the copy
that OpenVINO makes for a concatenation on the CPU is saved: 3 to 5 % of the default network's
time. TensorRT concatenates without a copy; its graphs are left as they are.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .openvino_module import load_openvino

if TYPE_CHECKING:
    import openvino

__all__ = ["split_concats"]

_CHANNELS = 1  # axis of (B, C, H, W)
_SHAPING = ("strides", "pads_begin", "pads_end", "dilations")


def split_concats(model: openvino.Model) -> int:
    """Rewrite ``model`` in place; returns how many concatenations it had before such pairs."""
    split = 0
    for concat in model.get_ordered_ops():
        if concat.get_type_name() != "Concat" or concat.get_axis() != _CHANNELS:
            continue
        depthwise = _only_user(concat, "GroupConvolution")
        pointwise = depthwise and _only_user(depthwise, "Convolution")
        if pointwise is None:
            continue
        filters, mixing = (_weights(node.input_value(1)) for node in (depthwise, pointwise))
        if filters is None or mixing is None or filters.shape[1:3] != (1, 1):
            continue
        _replace(concat, depthwise, pointwise, filters, mixing)
        split += 1
    return split


def _only_user(node: Any, kind: str) -> Any:
    """The node that takes the output of ``node``, where it is the only one and of this kind."""
    users = list(node.output(0).get_target_inputs())
    user = users[0].get_node() if len(users) == 1 else None
    return user if user is not None and user.get_type_name() == kind else None


def _weights(source: Any) -> NDArray[np.float32] | None:
    """A constant behind casts and reshapes; None where it is computed."""
    node = source.get_node()
    if node.get_type_name() == "Constant":
        return np.asarray(node.get_data(), np.float32)
    if node.get_type_name() not in {"Convert", "Reshape"}:
        return None
    values = _weights(node.input_value(0))
    return None if values is None else values.reshape(tuple(source.get_shape()))


def _replace(
    concat: Any,
    depthwise: Any,
    pointwise: Any,
    filters: NDArray[np.float32],
    mixing: NDArray[np.float32],
) -> None:
    opset = load_openvino().opset13
    spread, mixed = (
        [node.get_attributes()[a] for a in _SHAPING] for node in (depthwise, pointwise)
    )
    parts, first = [], 0
    for place in range(concat.get_input_size()):
        source = concat.input_value(place)
        end = first + int(source.get_partial_shape()[_CHANNELS].get_length())
        own = opset.constant(np.ascontiguousarray(filters[first:end]))
        share = opset.constant(np.ascontiguousarray(mixing[:, first:end]))
        filtered = opset.group_convolution(source, own, *spread)
        parts.append(opset.convolution(filtered, share, *mixed))
        first = end
    total = reduce(opset.add, parts)
    for use in pointwise.output(0).get_target_inputs():
        use.replace_source_output(total.output(0))
