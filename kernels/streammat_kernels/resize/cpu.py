"""Separable filters on the CPU: rows are summed first (vectorised along x), then columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import taps
from ..bands import Bands, run_bands
from ..jit import njit
from ..layout import Colour, Family, PixelLayout
from ..planes import chroma_rows, padded
from ..taps import Taps
from .view import chroma_axes, view_matrix

__all__ = ["network_view", "resample_chroma", "resize"]

F = np.float32
_YUV = {Family.PLANAR, Family.SEMIPLANAR}


@njit(nogil=True)
def sum_rows(plane, step, start, weights, count, acc):
    """acc[:count] = the weighted sum of rows start, start + 1, ... of every ``step``-th sample."""
    number = weights.shape[0]
    for i in range(count):
        acc[i] = F(0.0)
    if step == 2:
        for k in range(number):
            row, weight = plane[start + k], weights[k]
            for i in range(count):
                acc[i] += weight * F(row[2 * i])
        return
    for k in range(0, number - 3, 4):  # four rows a pass: acc is read and written less often
        a, b = plane[start + k], plane[start + k + 1]
        c, d = plane[start + k + 2], plane[start + k + 3]
        wa, wb, wc, wd = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
        for i in range(count):
            acc[i] += (wa * F(a[i]) + wb * F(b[i])) + (wc * F(c[i]) + wd * F(d[i]))
    for k in range(number // 4 * 4, number):
        row, weight = plane[start + k], weights[k]
        for i in range(count):
            acc[i] += weight * F(row[i])


@njit(nogil=True, fastmath={"reassoc"})
def sum_columns(acc, start, weights, dst):
    """dst[x] = the weighted sum of acc[start[x]], acc[start[x] + 1], ..., in any order."""
    number = weights.shape[1]
    for x in range(start.shape[0]):
        first = np.uint64(start[x])  # unsigned: no test for indices from the end
        total = F(0.0)
        for k in range(number):
            total += weights[x, k] * acc[first + np.uint64(k)]
        dst[x] = total


@njit(nogil=True)
def interpolate_columns(acc, start, weights, dst):
    """``sum_columns`` for two weights: straight code, which is what enlarging needs."""
    for x in range(start.shape[0]):
        first = np.uint64(start[x])
        near = acc[first]
        dst[x] = weights[x, 0] * near + weights[x, 1] * acc[first + np.uint64(1)]


@njit(nogil=True)
def filter_row(src, step, count, row, row_taps, column_taps, acc, kept, kept_rows, dst):
    """dst = output row ``row``. Where rows grow, the two source rows around it stay filtered."""
    row_start, row_weights = row_taps
    column_start, column_weights = column_taps
    start, weights = row_start[row], row_weights[row]
    if kept_rows.shape[0] == 0:
        sum_rows(src, step, start, weights, count, acc)
        sum_columns(acc, column_start, column_weights, dst)
        return
    one = np.ones(1, F)
    for k in range(weights.shape[0]):
        slot = (start + k) & 1
        if kept_rows[slot] != start + k:
            sum_rows(src, step, start + k, one, count, acc)
            if column_weights.shape[1] == 2:
                interpolate_columns(acc, column_start, column_weights, kept[slot])
            else:
                sum_columns(acc, column_start, column_weights, kept[slot])
            kept_rows[slot] = start + k
    first = kept[start & 1]
    second = kept[(start + weights.shape[0] - 1) & 1]
    first_weight = weights[0]
    second_weight = weights[1] if weights.shape[0] == 2 else F(0.0)
    for x in range(column_start.shape[0]):
        dst[x] = first_weight * first[x] + second_weight * second[x]


@njit(nogil=True)
def keep_rows(row_taps, src_rows, columns):
    """Scratch of ``filter_row``: two rows where rows are interpolated, else none."""
    row_start, row_weights = row_taps
    grows = row_start.shape[0] > src_rows and row_weights.shape[1] <= 2
    number = 2 if grows else 0
    return np.empty((number, columns), F), np.full(number, -1, np.int64)


@njit(nogil=True)
def store_clipped(parts, row, top, dst, width):
    """dst = row[:3] . parts + row[3] within 0..top; its last value fills the rest of ``width``."""
    a, b, c = parts[0], parts[1], parts[2]
    a_gain, b_gain, c_gain, offset = row[0], row[1], row[2], row[3]
    columns = a.shape[0]
    for x in range(columns):
        value = a_gain * a[x] + b_gain * b[x] + c_gain * c[x] + offset
        dst[x] = min(max(value, F(0.0)), top)
    last = dst[columns - 1]
    for x in range(columns, width):
        dst[x] = last


@njit(nogil=True, cache=True)
def view_rows(planes, steps, counts, row_taps, column_taps, matrix, used, out, full, y0, y1):
    """Rows y0..y1 of R, G, B 0..255, ``full`` wide; the (3, 4) matrix follows the linear filters.

    The first ``used`` of three planes are read, each with its own taps.
    """
    acc = np.empty(counts[0], F)
    columns = column_taps[0][0].shape[0]
    parts = np.zeros((3, columns), F)
    top = F(255.0)
    for row in range(y0, y1):
        for part in range(used):  # loops, not three calls: a third of the code to compile
            start, weights = row_taps[part]
            sum_rows(planes[part], steps[part], start[row], weights[row], counts[part], acc)
            start, weights = column_taps[part]
            sum_columns(acc, start, weights, parts[part])
        # A later tone map for PQ and HLG belongs here: the parts of one row, before the matrix.
        for channel in range(3):
            store_clipped(parts, matrix[channel], top, out[channel][row], full)


@njit(nogil=True, cache=True)
def resize_float(src, width, row_taps, column_taps, dst, y0, y1):
    """Rows y0..y1 of dst, filtered, as they are."""
    acc = np.empty(width, F)
    kept, kept_rows = keep_rows(row_taps, src.shape[0], column_taps[0].shape[0])
    for row in range(y0, y1):
        filter_row(src, 1, width, row, row_taps, column_taps, acc, kept, kept_rows, dst[row])


@njit(nogil=True, cache=True)
def resize_codes(
    src, step, count, row_taps, column_taps, gain, offset, top, unit, dst, dst_step, y0, y1
):
    """Rows y0..y1 of dst = the code nearest to gain * filtered + offset, times unit."""
    acc = np.empty(count, F)
    values = np.empty(column_taps[0].shape[0], F)
    kept, kept_rows = keep_rows(row_taps, src.shape[0], values.shape[0])
    half = offset + F(0.5)
    for row in range(y0, y1):
        filter_row(src, step, count, row, row_taps, column_taps, acc, kept, kept_rows, values)
        for x in range(values.shape[0]):
            values[x] = min(max(gain * values[x] + half, F(0.0)), top)
        out = dst[row]
        if dst_step == 1:
            for x in range(values.shape[0]):
                out[x] = np.int32(values[x]) * unit
        else:
            for x in range(values.shape[0]):
                out[2 * x] = np.int32(values[x]) * unit


def network_view(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    out: NDArray[np.float32],
    content: tuple[int, int],
    bands: Bands | None,
) -> None:
    """See ``resize.network_view``; arguments are checked."""
    height, width = planes[0].shape
    parts, steps, used = _parts(planes, layout)
    counts = (width,) * 3
    luma = taps.area(height, content[0]), taps.area(width, content[1])
    chroma = luma
    if layout.family in _YUV:
        count = layout.chroma_size(height, width)[1]
        counts = (width, count, count)
        rows_axis, columns_axis = chroma_axes(height, width, content, layout, colour.siting)
        chroma = taps.area_of_chroma(*rows_axis), taps.area_of_chroma(*columns_axis)
    row_taps = tuple(tuple(pair[0]) for pair in (luma, chroma, chroma))
    column_taps = tuple(tuple(pair[1]) for pair in (luma, chroma, chroma))
    matrix = view_matrix(layout, colour)
    channels = tuple(padded(channel, output=True) for channel in out)
    full = out.shape[2]

    def kernel(y0: int, y1: int) -> None:
        view_rows(
            parts, steps, counts, row_taps, column_taps, matrix, used, channels, full, y0, y1
        )  # fmt: skip

    run_bands(kernel, content[0], bands)
    out[:, content[0] :] = out[:, content[0] - 1 : content[0]]


def _parts(
    planes: Sequence[NDArray[Any]], layout: PixelLayout
) -> tuple[tuple[NDArray[Any], ...], tuple[int, int, int], int]:
    """Three padded planes, the distances between their samples, and how many of them count."""
    first = padded(planes[0])
    if layout.family is Family.GRAY:
        return (first, first, first), (1, 1, 1), 1
    if layout.family is Family.RGB:
        return (first, padded(planes[1]), padded(planes[2])), (1, 1, 1), 3
    u, v, step = chroma_rows(planes, layout)
    return (first, u, v), (1, step, step), 3


def resize(
    plane: NDArray[Any], out: NDArray[Any], rows: Taps, columns: Taps, bands: Bands | None
) -> None:
    """Filter ``plane`` into ``out`` (same dtype, or float32): codes are rounded, float32 is not."""
    if out.dtype == np.float32:
        _to_float(plane, out, rows, columns, bands)
        return
    src, dst = padded(plane), padded(out, output=True)
    top = float(np.iinfo(out.dtype).max)
    _to_codes(src, 1, plane.shape[1], rows, columns, (1.0, 0.0, top, 0), dst, 1, bands)


def _to_float(
    plane: NDArray[Any], out: NDArray[Any], rows: Taps, columns: Taps, bands: Bands | None
) -> None:
    src, dst, width = padded(plane), padded(out, output=True), plane.shape[1]
    row_taps, column_taps = tuple(rows), tuple(columns)

    def kernel(y0: int, y1: int) -> None:
        resize_float(src, width, row_taps, column_taps, dst, y0, y1)

    run_bands(kernel, rows.start.size, bands)


def resample_chroma(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    out: Sequence[NDArray[Any]],
    to_layout: PixelLayout,
    rows: Taps,
    columns: Taps,
    code_map: tuple[float, float],
    bands: Bands | None,
) -> None:
    """Cb and Cr on another grid and in another code range: gain and offset between codes."""
    height, width = planes[0].shape
    count = layout.chroma_size(height, width)[1]
    u, v, step = chroma_rows(planes, layout)
    to_u, to_v, to_step = chroma_rows(out, to_layout, output=True)
    top = float((1 << to_layout.bits) - 1)
    affine = (code_map[0] / (1 << layout.shift), code_map[1], top, to_layout.shift)
    for source, target in ((u, to_u), (v, to_v)):
        _to_codes(source, step, count, rows, columns, affine, target, to_step, bands)


def _to_codes(
    src: NDArray[Any],
    step: int,
    count: int,
    rows: Taps,
    columns: Taps,
    affine: tuple[float, float, float, int],
    dst: NDArray[Any],
    to_step: int,
    bands: Bands | None,
) -> None:
    gain, offset, top = (F(number) for number in affine[:3])
    unit, row_taps, column_taps = np.int32(1 << affine[3]), tuple(rows), tuple(columns)

    def kernel(y0: int, y1: int) -> None:
        resize_codes(
            src, step, count, row_taps, column_taps, gain, offset, top, unit, dst, to_step, y0, y1
        )  # fmt: skip

    run_bands(kernel, rows.start.size, bands)
