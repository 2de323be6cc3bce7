"""One-dimensional filters: output i = the sum over k of weights[i, k] * input[start[i] + k].

Everything separable (area and bilinear resizing, chroma up- and downsampling and their
compositions) is two of these, one for rows and one for columns.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Taps", "area", "area_of_chroma", "bilinear", "chroma_down", "chroma_move"]

_CACHED = 128


class Taps(NamedTuple):
    """A filter of n outputs; its windows lie inside. ``start``: (n,), ``weights``: (n, K)."""

    start: NDArray[np.int32]
    weights: NDArray[np.float32]


@lru_cache(maxsize=_CACHED)
def area(size_in: int, size_out: int) -> Taps:
    """Mean over the stretch of input that an output sample covers, fractions of samples weighted.

    Enlarging has nothing to average: then the filter is ``bilinear``.
    """
    if size_out >= size_in:
        return bilinear(size_in, size_out)
    output = np.arange(size_out, dtype=np.int64)[:, None]
    source = output * size_in // size_out + np.arange(-(-size_in // size_out) + 1)
    # In units of 1/size_out of an input sample everything is an integer, so the weights are exact.
    end = np.minimum((output + 1) * size_in, (source + 1) * size_out)
    begin = np.maximum(output * size_in, source * size_out)
    return _windows(source, np.maximum(end - begin, 0) / size_in, size_in)


@lru_cache(maxsize=_CACHED)
def bilinear(size_in: int, size_out: int) -> Taps:
    """Linear interpolation at the centres of the output samples; the ends repeat."""
    position = (np.arange(size_out) + 0.5) * size_in / size_out - 0.5
    return _between(np.clip(position, 0.0, size_in - 1.0), size_in)


@lru_cache(maxsize=_CACHED)
def chroma_down(luma: int, subsampling: int, cosited: bool) -> Taps:
    """Luma grid to chroma grid: mean of 2, or 1 2 1 where chroma sits on a luma sample."""
    size_out = -(-luma // subsampling)
    if subsampling == 1:
        return bilinear(luma, luma)
    offsets, kernel = ([-1, 0, 1], [0.25, 0.5, 0.25]) if cosited else ([0, 1], [0.5, 0.5])
    source = 2 * np.arange(size_out)[:, None] + np.array(offsets)
    weights = np.broadcast_to(np.array(kernel), source.shape)
    return _windows(np.clip(source, 0, luma - 1), weights, luma)


@lru_cache(maxsize=_CACHED)
def area_of_chroma(luma: int, size_out: int, subsampling: int, cosited: bool) -> Taps:
    """``area`` of chroma that is interpolated to the luma grid, straight from its own samples."""
    return _through_chroma(area(luma, size_out), luma, subsampling, cosited)


@lru_cache(maxsize=_CACHED)
def chroma_move(luma: int, source: tuple[int, bool], target: tuple[int, bool]) -> Taps:
    """One chroma grid to another, by way of the luma grid; (subsampling, cosited) of both."""
    return _through_chroma(chroma_down(luma, *target), luma, *source)


def _through_chroma(taps: Taps, luma: int, subsampling: int, cosited: bool) -> Taps:
    """The filter on chroma samples that equals ``taps`` on chroma interpolated to the luma grid."""
    if subsampling == 1:
        return taps
    up = _chroma_up(luma, subsampling, cosited)
    index = taps.start[:, None] + np.arange(taps.weights.shape[1])
    outputs = index.shape[0]
    source = (up.start[index][..., None] + np.arange(up.weights.shape[1])).reshape(outputs, -1)
    weights = (taps.weights[..., None].astype(np.float64) * up.weights[index]).reshape(outputs, -1)
    return _windows(source, weights, -(-luma // subsampling))


@lru_cache(maxsize=_CACHED)
def _chroma_up(luma: int, subsampling: int, cosited: bool) -> Taps:
    """Linear interpolation of chroma at each luma sample; the ends repeat."""
    size_in = -(-luma // subsampling)
    position = (np.arange(luma) - (0.0 if cosited else 0.5)) / subsampling
    return _between(np.clip(position, 0.0, size_in - 1.0), size_in)


def _between(position: NDArray[np.float64], size_in: int) -> Taps:
    first = np.floor(position).astype(np.int64)
    rest = position - first
    source = np.stack([first, np.minimum(first + 1, size_in - 1)], axis=1)
    return _windows(source, np.stack([1.0 - rest, rest], axis=1), size_in)


def _windows(source: NDArray[np.int64], weights: NDArray[np.float64], size_in: int) -> Taps:
    """Gather (source, weight) pairs, in any order and repeated, into windows that lie inside."""
    used = weights > 0
    first = np.where(used, source, size_in).min(axis=1)
    width = int((np.where(used, source, -1).max(axis=1) - first).max()) + 1
    start = np.minimum(first, size_in - width)
    windows = np.zeros((source.shape[0], width))
    rows = np.broadcast_to(np.arange(source.shape[0])[:, None], source.shape)
    np.add.at(windows, (rows[used], (source - start[:, None])[used]), weights[used])
    return Taps(start.astype(np.int32), windows.astype(np.float32))
