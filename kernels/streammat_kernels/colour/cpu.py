"""Colour on the CPU: row by row in float32 scratch that stays in the L1 cache, one thread, no GIL.

Each inner loop writes one array: with more, LLVM gives up proving that they do not overlap and does
not vectorise. All arithmetic on codes is exact in float32 until the matrix, which errs by less
than a thirtieth of a 16-bit code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..jit import njit
from ..layout import Colour, Family, PixelLayout, Siting
from ..planes import chroma_rows, padded
from .matrices import from_rgb_terms, to_rgb_terms

__all__ = ["cosited", "fill_alpha", "from_rgb", "full_scale", "linear", "to_rgb"]

F = np.float32


@njit(nogil=True)
def chroma_row(plane, step, row, rows, subsampling, sited, count, neutral, dst):
    """dst[1 : count + 1] = chroma minus neutral at luma row ``row``; both ends repeat once."""
    first, second, weight = row, row, F(0.0)
    if subsampling == 2:
        first = row >> 1
        second = first
        if row & 1:
            second = min(first + 1, rows - 1)
            weight = F(0.5) if sited else F(0.25)
        elif not sited:
            second = max(first - 1, 0)
            weight = F(0.25)
    a = plane[first]
    b = plane[second]
    if step == 1:
        for i in range(count):
            near = F(a[i])
            dst[i + 1] = (near - neutral) + weight * (F(b[i]) - near)
    else:
        for i in range(count):
            near = F(a[2 * i])
            dst[i + 1] = (near - neutral) + weight * (F(b[2 * i]) - near)
    dst[0] = dst[1]
    dst[count + 1] = dst[count]


@njit(nogil=True)
def widen(half, count, subsampling, sited, dst):
    """dst[: count * subsampling] = ``half[1 : count + 1]`` interpolated to the luma columns."""
    if subsampling == 1:
        for i in range(count):
            dst[i] = half[i + 1]
    elif sited:
        for i in range(count):
            dst[2 * i] = half[i + 1]
            dst[2 * i + 1] = F(0.5) * (half[i + 1] + half[i + 2])
    else:
        for i in range(count):
            dst[2 * i] = F(0.75) * half[i + 1] + F(0.25) * half[i]
            dst[2 * i + 1] = F(0.75) * half[i + 1] + F(0.25) * half[i + 2]


@njit(nogil=True)
def store_sum(luma, a, a_gain, b, b_gain, peak, width, dst):
    """dst = the code nearest to luma + a_gain a + b_gain b, within 0..peak."""
    for x in range(width):
        value = luma[x] + a_gain * a[x] + b_gain * b[x] + F(0.5)
        dst[x] = np.int32(min(max(value, F(0.0)), peak))


@njit(nogil=True, cache=True)
def yuv_to_rgb(y, uv, step, rgb, width, chroma_x, chroma_y, across, down, terms, peak, y0, y1):
    """Rows y0..y1 of R, G, B from Y, (U, V); ``terms`` as matrices.ToRgb, for stored values."""
    count = (width + chroma_x - 1) // chroma_x
    half = np.empty(count + 2, F)
    wide = np.empty((2, 2 * count), F)
    luma = np.empty(width, F)
    black, scale, neutral = terms[0], terms[1], terms[2]
    gains = ((F(0.0), terms[3]), (-terms[4], -terms[5]), (terms[6], F(0.0)))
    for row in range(y0, y1):
        for part in range(2):
            plane = uv[part]
            chroma_row(
                plane, step, row, plane.shape[0], chroma_y, down, count, neutral, half
            )  # fmt: skip
            widen(half, count, chroma_x, across, wide[part])
        y_row = y[row]
        for x in range(width):
            luma[x] = (F(y_row[x]) - black) * scale
        for channel in range(3):
            u_gain, v_gain = gains[channel]
            store_sum(luma, wide[0], u_gain, wide[1], v_gain, peak, width, rgb[channel][row])


@njit(nogil=True)
def low_pass_rows(plane, row, rows, subsampling, sited, width, dst):
    """dst[1 : width + 1] = the rows around chroma row ``row``, weighted; both ends repeat once."""
    if subsampling == 1:
        a = plane[row]
        for x in range(width):
            dst[x + 1] = F(a[x])
    else:
        a = plane[2 * row]
        b = plane[min(2 * row + 1, rows - 1)]
        if sited:
            c = plane[max(2 * row - 1, 0)]
            for x in range(width):
                dst[x + 1] = F(0.5) * F(a[x]) + F(0.25) * (F(b[x]) + F(c[x]))
        else:
            for x in range(width):
                dst[x + 1] = F(0.5) * (F(a[x]) + F(b[x]))
    dst[0] = dst[1]
    dst[width + 1] = dst[width]


@njit(nogil=True)
def low_pass_columns(full, count, subsampling, sited, dst):
    """dst[:count] = columns of ``full[1:]`` low-passed to the chroma columns."""
    if subsampling == 1:
        for i in range(count):
            dst[i] = full[i + 1]
    elif sited:
        for i in range(count):
            dst[i] = F(0.5) * full[2 * i + 1] + F(0.25) * (full[2 * i] + full[2 * i + 2])
    else:
        for i in range(count):
            dst[i] = F(0.5) * (full[2 * i + 1] + full[2 * i + 2])


@njit(nogil=True)
def store_difference(channel, luma, gain, neutral, top, unit, count, step, dst):
    """dst[i * step] = the chroma code of channel - luma, times ``unit`` (the shift)."""
    centre = neutral + F(0.5)
    if step == 1:
        for i in range(count):
            value = centre + gain * (channel[i] - luma[i])
            dst[i] = np.int32(min(max(value, F(0.0)), top)) * unit
    else:
        for i in range(count):
            value = centre + gain * (channel[i] - luma[i])
            dst[2 * i] = np.int32(min(max(value, F(0.0)), top)) * unit


@njit(nogil=True, cache=True)
def rgb_to_luma(rgb, y, width, terms, unit, y0, y1):
    """Rows y0..y1 of Y from R, G, B; ``terms`` as matrices.FromRgb, unit = 1 << shift (int32)."""
    black, scale, kr, kb, top = terms[0] + F(0.5), terms[1], terms[3], terms[4], terms[7]
    for row in range(y0, y1):
        r, g, b, dst = rgb[0][row], rgb[1][row], rgb[2][row], y[row]
        for x in range(width):
            middle = F(g[x])
            luma = middle + kr * (F(r[x]) - middle) + kb * (F(b[x]) - middle)
            dst[x] = np.int32(min(black + scale * luma, top)) * unit


@njit(nogil=True, cache=True)
def rgb_to_chroma(rgb, uv, step, width, chroma_x, chroma_y, across, down, terms, unit, y0, y1):
    """Chroma rows y0..y1 of (U, V): R, G, B are low-passed first, as the matrix is linear."""
    count = (width + chroma_x - 1) // chroma_x
    full = np.empty(2 * count + 2, F)
    small = np.empty((3, count), F)
    neutral, kr, kb, top = terms[2], terms[3], terms[4], terms[7]
    luma = small[1]
    for row in range(y0, y1):
        for channel in range(3):
            plane = rgb[channel]
            low_pass_rows(plane, row, plane.shape[0], chroma_y, down, width, full)
            low_pass_columns(full, count, chroma_x, across, small[channel])
        for i in range(count):
            middle = small[1, i]
            luma[i] = middle + kr * (small[0, i] - middle) + kb * (small[2, i] - middle)
        for part in range(2):
            source = small[2 - 2 * part]  # U from B, V from R
            gain = terms[5 + part]
            store_difference(source, luma, gain, neutral, top, unit, count, step, uv[part][row])


@njit(nogil=True, cache=True)
def rgb_to_full_chroma(rgb, uv, width, terms, unit, y0, y1):
    """``rgb_to_chroma`` for 4:4:4, where nothing is filtered: a quarter of the code to compile."""
    centre, kr, kb, top = terms[2] + F(0.5), terms[3], terms[4], terms[7]
    for row in range(y0, y1):
        r, g, b = rgb[0][row], rgb[1][row], rgb[2][row]
        for part in range(2):
            source, gain, dst = rgb[2 - 2 * part][row], terms[5 + part], uv[part][row]
            for x in range(width):
                middle = F(g[x])
                luma = middle + kr * (F(r[x]) - middle) + kb * (F(b[x]) - middle)
                value = centre + gain * (F(source[x]) - luma)
                dst[x] = np.int32(min(max(value, F(0.0)), top)) * unit


@njit(nogil=True, cache=True)
def rescale(src, dst, width, gain, offset, top, unit, y0, y1):
    """dst = (the code nearest to gain * src + offset, within 0..top) * unit; float64, so exact."""
    for row in range(y0, y1):
        a, b = src[row], dst[row]
        for x in range(width):
            value = gain * a[x] + (offset + 0.5)
            b[x] = np.int32(min(max(value, 0.0), top)) * unit


def to_rgb(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    out: NDArray[Any],
    bands: Bands | None,
) -> None:
    """See ``colour.to_rgb``; arguments are checked."""
    peak = full_scale(out)
    terms = to_rgb_terms(layout, colour, peak)
    height, width = planes[0].shape
    if layout.family in {Family.RGB, Family.GRAY}:
        for channel in range(3):
            source = planes[channel if layout.family is Family.RGB else 0]
            gain = terms.y_scale / (1 << layout.shift)
            linear(source, out[channel], gain, -terms.black * terms.y_scale, peak, 0, bands)
        return
    unit = 1 << layout.shift
    # Terms for stored values: undoing the shift is part of the scale.
    stored = (terms.black * unit, terms.y_scale / unit, terms.neutral * unit)
    numbers = np.array([*stored, *(term / unit for term in terms[3:])], F)
    y = padded(planes[0])
    u, v, step = chroma_rows(planes, layout)
    channels = tuple(padded(channel, output=True) for channel in out)
    across, down = cosited(colour)

    def rows(y0: int, y1: int) -> None:
        yuv_to_rgb(
            y, (u, v), step, channels, width, layout.chroma_x, layout.chroma_y, across, down,
            numbers, F(peak), y0, y1,
        )  # fmt: skip

    run_bands(rows, height, bands)


def from_rgb(
    rgb: NDArray[Any],
    layout: PixelLayout,
    colour: Colour,
    out: Sequence[NDArray[Any]],
    alpha: NDArray[np.uint16] | None,
    bands: Bands | None,
) -> None:
    """See ``colour.from_rgb``; arguments are checked."""
    terms = from_rgb_terms(layout, colour, full_scale(rgb))
    if layout.alpha:
        fill_alpha(alpha, layout, out[-1], bands)
    if layout.family is Family.RGB:
        for source, plane in zip(rgb, out, strict=False):
            linear(source, plane, terms.y_scale, terms.black, terms.top, layout.shift, bands)
        return
    numbers = np.array(terms, F)
    unit = np.int32(1 << layout.shift)
    _, height, width = rgb.shape
    y = padded(out[0], output=True)
    channels = tuple(padded(channel) for channel in rgb)

    def luma(y0: int, y1: int) -> None:
        rgb_to_luma(channels, y, width, numbers, unit, y0, y1)

    run_bands(luma, height, bands)
    if layout.family is Family.GRAY:
        return
    u, v, step = chroma_rows(out, layout, output=True)
    across, down = cosited(colour)

    def full(y0: int, y1: int) -> None:
        rgb_to_full_chroma(channels, (u, v), width, numbers, unit, y0, y1)

    def chroma(y0: int, y1: int) -> None:
        rgb_to_chroma(
            channels, (u, v), step, width, layout.chroma_x, layout.chroma_y, across, down,
            numbers, unit, y0, y1,
        )  # fmt: skip

    subsampled = (layout.chroma_x, layout.chroma_y, step) != (1, 1, 1)
    rows = layout.chroma_size(height, width)[0]
    run_bands(chroma if subsampled else full, rows, bands)


def cosited(colour: Colour) -> tuple[bool, bool]:
    """Whether chroma sits on the first luma sample of its pair (in columns, in rows)."""
    return colour.siting is not Siting.CENTER, colour.siting is Siting.TOPLEFT


def full_scale(array: NDArray[Any]) -> float:
    """255 or 65535."""
    return float(np.iinfo(array.dtype).max)


def linear(
    source: NDArray[Any],
    out: NDArray[Any],
    gain: float,
    offset: float,
    top: float,
    shift: int,
    bands: Bands | None,
) -> None:
    """out = round(gain * source + offset) within 0..top, shifted left by ``shift``."""
    src, dst = padded(source), padded(out, output=True)
    height = source.shape[0]
    width = int(np.prod(source.shape[1:]))

    def rows(y0: int, y1: int) -> None:
        rescale(src, dst, width, gain, offset, top, np.int32(1 << shift), y0, y1)

    run_bands(rows, height, bands)


def fill_alpha(
    alpha: NDArray[np.uint16] | None, layout: PixelLayout, out: NDArray[Any], bands: Bands | None
) -> None:
    """The alpha plane, full range at the layout's depth; None is opaque."""
    top = (1 << layout.bits) - 1
    if alpha is None:
        out[...] = top << layout.shift
        return
    linear(alpha, out, top / 65535.0, 0.0, float(top), layout.shift, bands)
