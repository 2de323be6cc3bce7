"""Which layers lose the precision: the same picture through FP32 and FP16, tensor by tensor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .emulate import CpuGraph, rounded_graph

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

__all__ = ["LayerError", "layer_errors", "worst_layers"]


@dataclass(frozen=True, slots=True)
class LayerError:
    """One layer's part in the error.

    Attributes:
        name: the layer's output tensor.
        operator: its ONNX operator.
        relative_l2: error of the output against FP32, relative to its size.
        added: what this layer adds to the largest error of its inputs.
        largest: of its FP32 values; beyond 65504 half precision has no number.
        nonfinite: NaN and Inf values in FP16 where its inputs had none.
    """

    name: str
    operator: str
    relative_l2: float
    added: float
    largest: float
    nonfinite: int


def layer_errors(
    single: ModelProto, half: ModelProto, rgb: NDArray[np.float32]
) -> list[LayerError]:
    """Every layer of the FP32 graph, in graph order. Keeps every tensor: use a small picture.

    Args:
        single: of `fixed_graph`.
        half: `half_graph` of it, or any FP16 graph with the same tensor names.
        rgb: (1, 3, H, W) float32 0..255, of the graphs' size.
    """
    names = tuple(n.output[0] for n in single.graph.node)
    inner = tuple(n for n in names if n not in {item.name for item in single.graph.output})
    expected = CpuGraph(single, inner)({"rgb": rgb})
    present = {name for node in half.graph.node for name in node.output}
    found = CpuGraph(rounded_graph(half), tuple(n for n in inner if n in present))({"rgb": rgb})
    errors: dict[str, tuple[float, int]] = {}
    out = []
    for node in single.graph.node:
        name = node.output[0]
        if name not in found:
            continue
        errors[name] = _error(expected[name], found[name])
        before = [errors[i] for i in node.input if i in errors] or [(0.0, 0)]
        out.append(_layer(node, expected, errors[name], before))
    return out


def worst_layers(errors: list[LayerError], most: int = 3) -> tuple[str, ...]:
    """Names of the layers where NaN or Inf begins, else of those that add most to the error."""
    broken = [e for e in errors if e.nonfinite]
    ranked = broken or sorted(errors, key=lambda e: -e.added)
    return tuple(f"{e.operator} {e.name}" for e in ranked[:most])


def _error(expected: NDArray[np.float32], found: NDArray[np.float32]) -> tuple[float, int]:
    bad = ~np.isfinite(found)
    off = np.where(bad, 0, found).astype(np.float64) - expected
    energy = float(np.square(expected, dtype=np.float64).sum())
    return float(np.sqrt(np.square(off).sum() / max(energy, 1e-30))), int(bad.sum())


def _layer(
    node: NodeProto,
    expected: Mapping[str, NDArray[np.float32]],
    error: tuple[float, int],
    before: list[tuple[float, int]],
) -> LayerError:
    relative, nonfinite = error
    return LayerError(
        name=node.output[0],
        operator=node.op_type,
        relative_l2=relative,
        added=relative - max(value for value, _ in before),
        largest=float(np.abs(expected[node.output[0]]).max(initial=0.0)),
        nonfinite=nonfinite if all(count == 0 for _, count in before) else 0,
    )
