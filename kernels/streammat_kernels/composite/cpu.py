"""Compositing on the CPU: whole cells are copied, the cells of the edge are gathered and blended.

A cell is the pixels that share one chroma sample (1x1, 2x1, 1x2 or 2x2). Most of a matte is 0 or
1, so the work goes with the length of the edge: the cells that are neither are collected into
compact arrays, row of cells by row of cells, and blended there, one simple loop per step.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..colour.matrices import from_rgb_terms, to_rgb_terms
from ..colour.transfer import encode, encode_table, linear_table
from ..jit import njit
from ..layout import Colour, Family, PixelLayout, Transfer
from ..planes import chroma_rows, padded
from .bits import table_bits

__all__ = ["over", "premultiply", "table_bits"]

F = np.float32
OPAQUE = np.uint16(65535)
CHUNK = 64  # columns tested at once for being all 0 or all 1


@njit(nogil=True, cache=True, error_model="numpy")
def pick_row(plate, background, alpha, out):
    """Samples of the plate where alpha is 1, of the background elsewhere."""
    for x in range(alpha.shape[0]):
        out[x] = plate[x] if alpha[x] == OPAQUE else background[x]


@njit(nogil=True, cache=True, error_model="numpy")
def pick_samples(plate, background, alpha, step, out):
    """``pick_row`` for chroma samples that lie ``step`` apart."""
    if step == 1:
        pick_row(plate, background, alpha, out)
        return
    for i in range(alpha.shape[0]):
        out[i * step] = plate[i * step] if alpha[i] == OPAQUE else background[i * step]


@njit(nogil=True, cache=True, error_model="numpy")
def chunk_kind(chunk):
    """0 or 65535 when all of a stretch of alpha is that, else 1."""
    low, high = np.uint16(65535), np.uint16(0)
    for x in range(chunk.shape[0]):  # and / or: the cheapest test that becomes vectors
        low &= chunk[x]
        high |= chunk[x]
    pure = low == high and (low == 0 or low == OPAQUE)  # noqa: PLR1714 - no "in" in Numba here
    return low if pure else np.uint16(1)


@njit(nogil=True, cache=True, error_model="numpy")
def edge_cells(upper, lower, chroma_x, cells, solid):
    """Find the cells of a row of cells that have to be blended.

    Args:
        upper, lower: alpha of the cell's rows; the same row where a cell is one row high.
        cells: filled with the columns of the cells that are neither all 0 nor all 65535.
        solid: (cells a row,) filled: 65535 where all of a cell is, else 0.

    Returns:
        How many columns there are in ``cells``.
    """
    found, width = 0, upper.shape[0]
    for x0 in range(0, width, CHUNK):
        x1 = min(x0 + CHUNK, width)
        kind = chunk_kind(upper[x0:x1])
        first, end = x0 // chroma_x, (x1 + chroma_x - 1) // chroma_x
        if kind != 1 and kind == chunk_kind(lower[x0:x1]):
            for cell in range(first, end):
                solid[cell] = kind
            continue
        for cell in range(first, end):
            left = cell * chroma_x
            right = min(left + chroma_x - 1, width - 1)
            low = upper[left] & upper[right] & lower[left] & lower[right]
            high = upper[left] | upper[right] | lower[left] | lower[right]
            solid[cell] = OPAQUE if low == OPAQUE else np.uint16(0)
            cells[found] = cell
            found += 1 if high != 0 and low != OPAQUE else 0
    return found


@njit(nogil=True, cache=True, error_model="numpy")
def code_index(value, top):
    """The nearest index 0..``top`` of a table."""
    return np.int32(min(max(value, F(0.0)), top) + F(0.5))


@njit(nogil=True, cache=True, error_model="numpy")
def collect(row, places, offset, scale, values):
    """``values`` = the samples of ``row`` at ``places``, less ``offset``, times ``scale``."""
    for i in range(places.shape[0]):
        values[i] = (F(row[np.uintp(places[i])]) - offset) * scale


@njit(nogil=True, cache=True, error_model="numpy")
def gather(luma, cb, cr, columns, samples, terms, top, values, index):
    """``index`` (3, n): R'G'B' of n pixels as indices into the table of linear light.

    Args:
        columns, samples: where the pixels' luma and chroma lie in the rows.
        values: (3, n) float32 scratch.
    """
    count = columns.shape[0]
    y, u, v = values[0, :count], values[1, :count], values[2, :count]
    collect(luma, columns, terms[0], terms[1], y)
    collect(cb, samples, terms[2], F(1.0), u)
    collect(cr, samples, terms[2], F(1.0), v)
    red, green, blue = index[0], index[1], index[2]
    for i in range(count):
        red[i] = code_index(y[i] + terms[3] * v[i], top)
    for i in range(count):
        green[i] = code_index(y[i] - terms[4] * u[i] - terms[5] * v[i], top)
    for i in range(count):
        blue[i] = code_index(y[i] + terms[6] * u[i], top)


@njit(nogil=True, cache=True, error_model="numpy")
def gather_colours(row, columns, alpha, scale, index):
    """Put given 16-bit foreground colours in the place of the plate's where alpha is below 1."""
    for i in range(columns.shape[0]):
        code = np.int32(F(row[columns[i]]) * scale + F(0.5))
        index[i] = index[i] if alpha[i] == OPAQUE else code


@njit(nogil=True, cache=True, error_model="numpy")
def blend(near, far, alpha, light, code, mixed):
    """``mixed`` = the encoded values 0..1 of a near + (1 - a) far, blended in linear light."""
    unit = F(1.0 / 65535.0)
    for i in range(alpha.shape[0]):
        back = light[far[i]]
        mixed[i] = encode(back + F(alpha[i]) * unit * (light[near[i]] - back), code)


@njit(nogil=True, cache=True, error_model="numpy")
def blend_cells(
    cells, chroma_x, width, alpha, plate, background, out, chroma, foreground, has_foreground,
    to_terms, from_terms, light, code, work, index, mixed, sums,
):  # fmt: skip
    """Blend one row of luma of the cells: write luma, add their chroma to ``sums`` (3, cells).

    Args:
        plate, background: rows of Y, U and V.
        out: row of Y.
        chroma: (step, shift) of the rows.
        sums: totals of U and V and the number of pixels.
    """
    step, shift = chroma
    columns, samples, owner, codes = work
    count = 0
    for i in range(cells.shape[0]):
        for x in range(cells[i] * chroma_x, min((cells[i] + 1) * chroma_x, width)):
            columns[count], samples[count], owner[count] = x, cells[i] * step, i
            codes[count] = alpha[x]
            count += 1
    columns, samples, codes = columns[:count], samples[:count], codes[:count]
    top = F(light.shape[0] - 1)
    for k in range(2):  # a loop, because each call is inlined and compiled again
        source = plate if k == 0 else background
        gather(
            source[0], source[1], source[2], columns, samples, to_terms, top, mixed, index[k]
        )  # fmt: skip
    for c in range(3):
        if has_foreground:
            gather_colours(foreground[c], columns, codes, top / F(65535.0), index[0, c])
        blend(index[0, c], index[1, c], codes, light, code, mixed[c])
    black, scale, neutral, kr, kb = (
        from_terms[0], from_terms[1], from_terms[2], from_terms[3], from_terms[4],
    )  # fmt: skip
    for i in range(count):
        red, green, blue = mixed[0, i], mixed[1, i], mixed[2, i]
        luma = green + kr * (red - green) + kb * (blue - green)
        u = neutral + from_terms[5] * (blue - luma)
        v = neutral + from_terms[6] * (red - luma)
        y = np.int32(black + scale * luma + F(0.5)) << shift
        a, x, s = codes[i], columns[i], samples[i]
        unit = F(1.0) / F(1 << shift)
        if a == OPAQUE:
            y, u, v = np.int32(plate[0][x]), F(plate[1][s]) * unit, F(plate[2][s]) * unit
        elif a == 0:
            y, u, v = (
                np.int32(background[0][x]),
                F(background[1][s]) * unit,
                F(background[2][s]) * unit,
            )
        out[x] = y
        sums[0, owner[i]] += u
        sums[1, owner[i]] += v
        sums[2, owner[i]] += F(1.0)


@njit(nogil=True, cache=True, error_model="numpy")
def over_yuv_rows(
    plate, background, out, step, shift, chroma_x, chroma_y, alpha, foreground, has_foreground,
    width, to_terms, from_terms, light, code, c0, c1,
):  # fmt: skip
    """Rows of cells [c0, c1) of Y, U and V, all padded views; chroma samples lie ``step`` apart."""
    height = plate[0].shape[0]
    count = (width + chroma_x - 1) // chroma_x
    cells, solid = np.empty(count + 1, np.int32), np.empty(count, np.uint16)
    room = count * chroma_x
    work = (np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32),
            np.empty(room, np.uint16))  # fmt: skip
    index, mixed = np.empty((2, 3, room), np.int32), np.empty((3, room), F)
    sums = np.empty((3, count), F)
    for cell_row in range(c0, c1):
        y0, y1 = cell_row * chroma_y, min((cell_row + 1) * chroma_y, height)
        found = edge_cells(alpha[y0, :width], alpha[y1 - 1, :width], chroma_x, cells, solid)
        p_u, b_u, o_u = plate[1][cell_row], background[1][cell_row], out[1][cell_row]
        p_v, b_v, o_v = plate[2][cell_row], background[2][cell_row], out[2][cell_row]
        for part in range(1, 3):
            near, far = plate[part][cell_row], background[part][cell_row]
            pick_samples(near, far, solid, step, out[part][cell_row])
        for i in range(found):
            sums[0, i], sums[1, i], sums[2, i] = F(0.0), F(0.0), F(0.0)
        for y in range(y0, y1):
            pick_row(plate[0][y], background[0][y], alpha[y, :width], out[0][y])
            if found:
                f = min(y, foreground.shape[1] - 1)
                blend_cells(
                    cells[:found], chroma_x, width, alpha[y], (plate[0][y], p_u, p_v),
                    (background[0][y], b_u, b_v), out[0][y], (step, shift),
                    (foreground[0, f], foreground[1, f], foreground[2, f]), has_foreground,
                    to_terms, from_terms, light, code, work, index, mixed, sums,
                )  # fmt: skip
        top = F(from_terms[7])
        for i in range(found):
            share = F(1.0) / sums[2, i]
            o_u[cells[i] * step] = np.int32(min(sums[0, i] * share + F(0.5), top)) << shift
            o_v[cells[i] * step] = np.int32(min(sums[1, i] * share + F(0.5), top)) << shift


@njit(nogil=True, cache=True, error_model="numpy")
def over_plane_rows(
    plate,
    background,
    out,
    shift,
    alpha,
    foreground,
    has_foreground,
    width,
    black,
    span,
    light,
    code,
    y0,
    y1,
):
    """Rows [y0, y1) of one plane that holds an encoded channel: R, G, B or gray."""
    top = F(light.shape[0] - 1)
    scale, given = top / span, top / F(65535.0)
    for y in range(y0, y1):
        pick_row(plate[y], background[y], alpha[y, :width], out[y])
        codes, row = alpha[y], foreground[min(y, foreground.shape[0] - 1)]
        for x in range(width):
            a = codes[x]
            if a == 0 or a == OPAQUE:  # noqa: PLR1714 - Numba has no "in" for mixed integers
                continue
            far = light[code_index((F(background[y, x]) - black) * scale, top)]
            if has_foreground:
                near = light[code_index(F(row[x]) * given, top)]
            else:
                near = light[code_index((F(plate[y, x]) - black) * scale, top)]
            mixed = encode(far + F(a) * F(1.0 / 65535.0) * (near - far), code)
            unit = F(1.0) / F(1 << shift)
            out[y, x] = np.int32((black + mixed * span) * unit + F(0.5)) << shift


@njit(nogil=True, cache=True, error_model="numpy")
def premultiply_rows(rgb, alpha, out, light, code, y0, y1):
    """Rows [y0, y1) of ``out``: encoded alpha times linear light, never above alpha."""
    for c in range(3):
        for y in range(y0, y1):
            for x in range(rgb.shape[2]):
                a = alpha[y, x]
                value = rgb[c, y, x]
                if a == 0:
                    value = np.uint16(0)
                elif a != OPAQUE:
                    mixed = encode(light[value] * F(a) * F(1.0 / 65535.0), code)
                    value = np.uint16(np.int32(mixed * F(65535.0) + F(0.5)))
                out[c, y, x] = min(value, a)


def over(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    background: Sequence[NDArray[Any]],
    out: Sequence[NDArray[Any]],
    foreground: NDArray[np.uint16] | None,
    bands: Bands | None,
) -> None:
    """See :func:`streammat_kernels.composite.over`; arguments are checked."""
    width = planes[0].shape[1]
    light = linear_table(colour.transfer, table_bits(layout))
    code = encode_table(colour.transfer)
    matte = padded(alpha)
    given = (
        np.zeros((3, 1, 1), np.uint16) if foreground is None else np.ascontiguousarray(foreground)
    )
    if layout.family in {Family.RGB, Family.GRAY}:
        stored = float(1 << layout.shift)
        terms = from_rgb_terms(layout, colour, 1.0)
        limits = F(terms.black * stored), F(terms.y_scale * stored)
        for c in range(3 if layout.family is Family.RGB else 1):
            plane_rows = partial(
                over_plane_rows, padded(planes[c]), padded(background[c]),
                padded(out[c], output=True), layout.shift, matte, given[c], foreground is not None,
                width, *limits, light, code,
            )  # fmt: skip
            run_bands(plane_rows, planes[0].shape[0], bands)
        return
    step, arrays = 1, []
    for source in (planes, background, out):
        first = padded(source[0], output=source is out)
        u, v, step = chroma_rows(source, layout, output=source is out)
        arrays.append((first, u, v))
    rows = partial(
        over_yuv_rows, arrays[0], arrays[1], arrays[2], step, layout.shift, layout.chroma_x,
        layout.chroma_y, matte, given, foreground is not None, width,
        stored_terms(layout, colour, light.shape[0] - 1),
        np.array(from_rgb_terms(layout, colour, 1.0), F), light, code,
    )  # fmt: skip
    run_bands(rows, -(-planes[0].shape[0] // layout.chroma_y), bands)


def stored_terms(layout: PixelLayout, colour: Colour, peak: int) -> NDArray[np.float32]:
    """``to_rgb_terms`` for samples as they are stored, shift included."""
    stored = float(1 << layout.shift)
    terms = to_rgb_terms(layout, colour, float(peak))
    offsets = terms._replace(black=terms.black * stored**2, neutral=terms.neutral * stored**2)
    return np.array([value / stored for value in offsets], F)


def premultiply(
    rgb: NDArray[np.uint16],
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16],
    transfer: Transfer,
    bands: Bands | None,
) -> None:
    """See :func:`streammat_kernels.composite.premultiply`; arguments are checked."""
    light, code = linear_table(transfer, 16), encode_table(transfer)
    rows = partial(premultiply_rows, rgb, alpha, out, light, code)
    run_bands(rows, rgb.shape[1], bands)
