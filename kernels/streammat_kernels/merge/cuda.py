"""RIM's merger on the GPU: sums, factors and blend, three launches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ShapeError
from ..runtime import Runtime, Struct, plane, runtime_of
from .workspace import SUMMING_BLOCKS, WORKSPACE

if TYPE_CHECKING:
    from . import MergeWeights

__all__ = ["merge"]

_THREADS = 256  # MOST_SUMMING of merge.cuh
_MOST_CHANNELS = 256
_MERGER = np.dtype([("numbers", "u8"), ("channels", "i4"), ("squeezed", "i4")])


def merge(tt: Any, ft: Any, bt: Any, weights: MergeWeights, out: Any, workspace: Any) -> None:
    """See ``merge.merge``; arguments are checked."""
    run = runtime_of(out)
    height, width = out.shape
    alphas = Struct(np.stack([plane(run, array, what="alpha").value for array in (tt, ft, bt)]))
    scratch = run.empty((WORKSPACE,), np.float64) if workspace is None else workspace
    if scratch.strides != (8,):
        raise ShapeError(f"workspace has strides {scratch.strides}; it has to be contiguous")
    factors = scratch[3 * SUMMING_BLOCKS :]
    blocks = min(SUMMING_BLOCKS, height)
    run.blocks("merge.sum_planes", (blocks, 1), _THREADS, alphas, width, height, scratch)
    merger, pixels = _merger(run, weights), np.float64(height * width)
    run.blocks("merge.collapse", (1, 1), 32, merger, scratch, blocks, pixels, factors)
    target = plane(run, out, what="out")
    run.elements("merge.blend", (width, height), alphas, factors, target, width, height)


def _merger(run: Runtime, weights: MergeWeights) -> Struct:
    """``Merger`` of merge.cuh; the numbers are uploaded when first seen."""
    channels, squeezed = len(weights.expand_bias), len(weights.squeeze)
    if max(channels, squeezed) > _MOST_CHANNELS:
        raise ShapeError(
            f"a merger of {channels} channels, {squeezed} squeezed; the GPU's takes up to "
            f"{_MOST_CHANNELS}"
        )
    numbers = np.concatenate([np.asarray(part, np.float64).ravel() for part in weights])
    table = run.constant(("merge", channels, squeezed, numbers.tobytes()), lambda: numbers)
    record = np.zeros((), _MERGER)
    record[...] = (run.address(table), channels, squeezed)
    return Struct(record)
