"""An ONNX graph as a PyTorch module, for ``torch.export``: the same operators, types and names.

What becomes of a model with ``--via torch`` is then the very graph that TensorRT's parsers get,
half where it is half and single where it is single, whichever network it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from streammat_kernels.errors import DependencyError

from ..errors import EngineFileError
from .fixed import IMAGE_INPUT, require_onnx

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

__all__ = ["graph_module", "require_torch"]

_SINGLE, _HALF = 1, 10  # onnx.TensorProto.FLOAT and FLOAT16
_PLAIN = {"Clip": (1, 2), "Resize": (1, 2), "Slice": (1, 2, 3, 4)}  # inputs that are numbers
_RESIZES: dict[tuple[str, str, str], dict[str, Any]] = {
    ("linear", "half_pixel", ""): {"mode": "bilinear", "align_corners": False},
    ("nearest", "asymmetric", "floor"): {"mode": "nearest"},
}

Compute = Callable[..., Any]  # tensors -> tensor


def require_torch() -> Any:
    """PyTorch.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        import torch
    except (ImportError, OSError) as error:
        raise DependencyError(
            "PyTorch is missing, which --via torch converts with: pip install 'streammat[torch]', "
            "or use --via onnx"
        ) from error
    return torch


@dataclass(frozen=True, slots=True)
class _Node:
    """One node: operator, attributes, and the inputs that are plain numbers (None: left out)."""

    kind: str
    attributes: dict[str, Any]
    numbers: tuple[Any, ...]

    def get(self, name: str, default: Any) -> Any:
        """An attribute."""
        value = self.attributes.get(name, default)
        return value.decode() if isinstance(value, bytes) else value

    def pads(self) -> tuple[int, int]:
        """Rows and columns of padding, the same at both ends."""
        top, left, bottom, right = self.get("pads", [0, 0, 0, 0])
        if (top, left) != (bottom, right) or self.get("auto_pad", "NOTSET") != "NOTSET":
            raise _unknown(f"{self.kind} with unequal padding")
        return top, left


def graph_module(graph: ModelProto) -> Any:
    """A ``torch.nn.Module`` in eval mode: ``rgb`` -> all outputs of the graph, in order, a tuple.

    Args:
        graph: of one size and precision (see `build.graph_of`); its only input is ``rgb``.

    Raises:
        EngineFileError: the graph has an operator that is not known here.
        DependencyError: PyTorch is not installed.
    """
    torch, to_array = require_torch(), require_onnx().numpy_helper.to_array
    weights = {item.name: to_array(item) for item in graph.graph.initializer}
    steps = [_step(torch, node, weights) for node in graph.graph.node]
    used = [name for name in weights if any(name in inputs for _, inputs, _ in steps)]
    buffers = {name: f"weight_{place}" for place, name in enumerate(used)}
    results = tuple(item.name for item in graph.graph.output)

    class Network(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            for name, buffer in buffers.items():
                self.register_buffer(buffer, torch.from_numpy(np.array(weights[name])))

        def forward(self, rgb: Any) -> tuple[Any, ...]:
            """Node by node, in the graph's order."""
            values = {name: self.get_buffer(buffer) for name, buffer in buffers.items()}
            values[IMAGE_INPUT] = rgb
            for compute, inputs, output in steps:
                values[output] = compute(*(values[name] for name in inputs))
            return tuple(values[name] for name in results)

    return Network().eval()


def _step(
    torch: Any, node: NodeProto, weights: dict[str, Any]
) -> tuple[Compute, tuple[str, ...], str]:
    """What a node computes, the names of its tensors, and of its result."""
    if node.op_type not in _OPERATORS or len(node.output) != 1:
        raise _unknown(f"operator {node.op_type}")
    plain = _PLAIN.get(node.op_type, ())
    given = [node.input[i] if i < len(node.input) else "" for i in plain]
    computed = [name for name in given if name and name not in weights]
    if computed:
        raise _unknown(f"{node.op_type} by a computed {computed[0]}")
    read = require_onnx().helper.get_attribute_value
    facts = _Node(
        node.op_type,
        {item.name: read(item) for item in node.attribute},
        tuple(weights[name] if name else None for name in given),
    )
    tensors = tuple(name for i, name in enumerate(node.input) if i not in plain)
    return _OPERATORS[node.op_type](torch, facts), tensors, node.output[0]


def _unknown(what: str) -> EngineFileError:
    return EngineFileError(f"--via torch does not know {what}: use --via onnx")


def _convolution(torch: Any, node: _Node) -> Compute:
    options = {
        "stride": tuple(node.get("strides", (1, 1))),
        "padding": node.pads(),
        "dilation": tuple(node.get("dilations", (1, 1))),
        "groups": node.get("group", 1),
    }
    return lambda image, weight, bias=None: torch.nn.functional.conv2d(
        image, weight, bias, **options
    )


def _pool(torch: Any, node: _Node) -> Compute:
    kernel, strides = node.attributes["kernel_shape"], node.get("strides", (1, 1))
    pads, ceil = node.pads(), bool(node.get("ceil_mode", 0))
    options: dict[str, Any] = {"kernel_size": tuple(kernel), "stride": tuple(strides)}
    options["padding"] = pads
    pool = torch.nn.functional.max_pool2d
    if node.kind == "AveragePool":
        pool = torch.nn.functional.avg_pool2d
        options["count_include_pad"] = bool(node.get("count_include_pad", 0))

    def compute(image: Any) -> Any:
        # Torch-TensorRT takes no ceil_mode, which changes nothing where windows fit evenly.
        lengths = zip(image.shape[-2:], kernel, strides, pads, strict=True)
        left = any((length + 2 * pad - size) % step for length, size, step, pad in lengths)
        return pool(image, **options, **({"ceil_mode": True} if ceil and left else {}))

    return compute


def _resize(torch: Any, node: _Node) -> Compute:
    mode = node.get("mode", "nearest")
    where = node.get("coordinate_transformation_mode", "half_pixel")
    rounding = node.get("nearest_mode", "round_prefer_floor") if mode == "nearest" else ""
    scales = node.numbers[1]
    if (mode, where, rounding) not in _RESIZES or scales is None or len(scales) != 4:
        raise _unknown(f"Resize by {mode} {where} {rounding}".rstrip())
    options: dict[str, Any] = {"scale_factor": tuple(float(scale) for scale in scales[2:])}
    options |= _RESIZES[mode, where, rounding]
    return lambda image: torch.nn.functional.interpolate(image, **options)


def _slice(_: Any, node: _Node) -> Compute:
    starts, ends, *others = node.numbers
    axes, steps = (
        otherwise if given is None else given
        for given, otherwise in zip(others, (range(len(starts)), [1] * len(starts)), strict=True)
    )
    cuts = {
        int(axis): slice(int(start), int(end), int(step))
        for axis, start, end, step in zip(axes, starts, ends, steps, strict=True)
    }
    return lambda image: image[tuple(cuts.get(axis, slice(None)) for axis in range(image.dim()))]


def _clip(torch: Any, node: _Node) -> Compute:
    low, high = (None if bound is None else float(bound) for bound in node.numbers)
    return lambda values: torch.clamp(values, low, high)


def _cast(torch: Any, node: _Node) -> Compute:
    kinds = {_SINGLE: torch.float32, _HALF: torch.float16}
    if node.attributes["to"] not in kinds:
        raise _unknown(f"Cast to ONNX type {node.attributes['to']}")
    kind = kinds[node.attributes["to"]]
    return lambda values: values.to(kind)


def _concatenation(torch: Any, node: _Node) -> Compute:
    axis = int(node.attributes["axis"])
    return lambda *parts: torch.cat(parts, axis)


_OPERATORS: dict[str, Callable[[Any, _Node], Compute]] = {
    "Add": lambda torch, _: torch.add,
    "AveragePool": _pool,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concatenation,
    "Conv": _convolution,
    "Div": lambda torch, _: torch.div,
    "Identity": lambda torch, _: torch.clone,
    "MatMul": lambda torch, _: torch.matmul,
    "MaxPool": _pool,
    "Mul": lambda torch, _: torch.mul,
    "Relu": lambda torch, _: torch.relu,
    "Resize": _resize,
    "Sigmoid": lambda torch, _: torch.sigmoid,
    "Slice": _slice,
    "Sub": lambda torch, _: torch.sub,
    "Sum": lambda torch, _: lambda *parts: reduce(torch.add, parts),
}
