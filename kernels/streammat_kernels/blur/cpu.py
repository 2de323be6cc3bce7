"""The steps of the background blur in Numba: weighted light on a grid, disc, fill, write back.

The disc adds running sums along the grid's rows; they are integers, so that they are exact. It
costs two reads for each of its rows then, not one for each of its points.
"""

from __future__ import annotations

import numpy as np

from ..colour.transfer import encode
from ..composite.cpu import code_index
from ..jit import njit

F = np.float32
OPAQUE = np.uint16(65535)
HAZE = 8  # a pixel counts fully at alpha 0 and not at all from alpha 1 / HAZE up
UNIT = 1 << 20  # light 1 at full weight, in integers; 2^11 of them fit an int32 sum
TRACE = F(1e-4)  # weight of a level's coarser neighbour where it has pixels of its own


@njit(nogil=True, cache=True)
def pixel_light(luma, cb, cr, terms, is_rgb, light, top):
    """Linear R, G, B of one pixel of Y, U, V samples (R, G, B samples with ``is_rgb``)."""
    if is_rgb:
        red = (luma - terms[0]) * terms[1]
        green = (cb - terms[0]) * terms[1]
        blue = (cr - terms[0]) * terms[1]
    else:
        y, u, v = (luma - terms[0]) * terms[1], cb - terms[2], cr - terms[2]
        red, green, blue = y + terms[3] * v, y - terms[4] * u - terms[5] * v, y + terms[6] * u
    return (
        light[code_index(red, top)],
        light[code_index(green, top)],
        light[code_index(blue, top)],
    )


@njit(nogil=True, cache=True)
def mixed_cell(luma, cb, cr, alpha, width, y0, y1, x0, x1, terms, is_rgb, light, top):
    """Sums over the pixels of a cell of light times weight and of weight, pixel by pixel."""
    red, green, blue, total = F(0.0), F(0.0), F(0.0), F(0.0)
    for y in range(y0, y1):
        for x in range(x0, min(x1, width)):
            weight = max(F(1.0) - F(HAZE / 65535.0) * F(alpha[y, x]), F(0.0))
            r, g, b = pixel_light(F(luma[y, x]), cb, cr, terms, is_rgb, light, top)
            red, green, blue = red + weight * r, green + weight * g, blue + weight * b
            total += weight
    return red, green, blue, total


@njit(nogil=True, cache=True)
def reduce_rows(
    planes, step, chroma, cell, alpha, width, terms, is_rgb, flat, light, factor, sums, clear,
    r0, r1,
):  # fmt: skip
    """Rows [r0, r1) of the grid: sums (4, h, w) of R, G, B times weight and of weight; ``clear``.

    A cell of pixels with one chroma sample, no alpha and nearly one luma takes one look at the
    tables instead of one for each pixel.

    Args:
        planes: padded Y, U, V or R, G, B.
        chroma: subsampling (across, down) of the second and third plane.
        cell: (across, down) pixels looked at together; they divide ``factor`` and ``chroma``.
        flat: luma difference, in samples, up to which a cell counts as one colour.
        clear: (h, w), the weight of the pixel with the highest alpha of the block.
    """
    luma, height = planes[0], planes[0].shape[0]
    across, down = cell
    full = F(across * down)
    top = F(light.shape[0] - 1)
    least = F(-HAZE / 65535.0)
    for row in range(r0, r1):
        sums[:, row] = F(0.0)
        clear[row] = F(1.0)
        for y0 in range(row * factor, min((row + 1) * factor, height), down):
            y1 = min(y0 + down, height)
            upper, lower, a_up, a_low = luma[y0], luma[y1 - 1], alpha[y0], alpha[y1 - 1]
            cb_row, cr_row = planes[1][y0 // chroma[1]], planes[2][y0 // chroma[1]]
            for block in range(sums.shape[2]):
                red, green, blue, total, alpha_max = F(0.0), F(0.0), F(0.0), F(0.0), np.uint16(0)
                for x0 in range(block * factor, min((block + 1) * factor, width), across):
                    x2 = x0 + across
                    x1 = min(x2, width) - 1
                    highest = max(a_up[x0], a_up[x1], a_low[x0], a_low[x1])
                    lowest = min(a_up[x0], a_up[x1], a_low[x0], a_low[x1])
                    alpha_max = max(alpha_max, highest)
                    if lowest >= 65536 // HAZE:
                        continue
                    a, b, c, d = F(upper[x0]), F(upper[x1]), F(lower[x0]), F(lower[x1])
                    cb, cr = F(cb_row[x0 // chroma[0] * step]), F(cr_row[x0 // chroma[0] * step])
                    spread = max(a, b, c, d) - min(a, b, c, d)
                    is_whole = y1 - y0 == down and x1 - x0 == across - 1
                    if highest == 0 and spread <= flat and is_whole:
                        mean = F(0.25) * (a + b + c + d)
                        r, g, b = pixel_light(mean, cb, cr, terms, is_rgb, light, top)
                        r, g, b, weight = full * r, full * g, full * b, full
                    else:
                        r, g, b, weight = mixed_cell(
                            luma, cb, cr, alpha, width, y0, y1, x0, x2, terms, is_rgb, light, top
                        )
                    red, green, blue, total = red + r, green + g, blue + b, total + weight
                sums[0, row, block] += red
                sums[1, row, block] += green
                sums[2, row, block] += blue
                sums[3, row, block] += total
                clear[row, block] = min(
                    clear[row, block], max(F(1.0) + least * F(alpha_max), F(0.0))
                )


@njit(nogil=True, cache=True)
def erode_rows(clear, eroded, r0, r1):
    """Rows [r0, r1) of ``eroded``: the least of 3 x 3 blocks of ``clear``."""
    height, width = clear.shape
    column = np.empty(width, F)
    for row in range(r0, r1):
        above, here, below = clear[max(row - 1, 0)], clear[row], clear[min(row + 1, height - 1)]
        for x in range(width):
            column[x] = min(above[x], below[x], here[x])
        for x in range(width):
            before, after = column[max(x - 1, 0)], column[min(x + 1, width - 1)]
            eroded[row, x] = min(before, column[x], after)


@njit(nogil=True, cache=True)
def keep_rows(sums, clear, share, image, r0, r1):
    """Rows [r0, r1) of ``image`` (4, h, w): sums times ``share`` times how clear the block is."""
    for c in range(4):
        for row in range(r0, r1):
            for x in range(clear.shape[1]):
                image[c, row, x] = sums[c, row, x] * (clear[row, x] * share)


@njit(nogil=True, cache=True)
def prefix_rows(image, pad, prefix, r0, r1):
    """Rows [r0, r1) of running sums (4, h, w + 2 pad + 1) of ``image`` in units of 1 / UNIT."""
    width = image.shape[2]
    for c in range(4):
        for row in range(r0, r1):
            target = prefix[c, row]
            total = np.int32(0)
            target[: pad + 1] = 0
            for x in range(width):
                total += np.int32(image[c, row, x] * F(UNIT) + F(0.5))
                target[pad + 1 + x] = total
            target[pad + 1 + width :] = total


@njit(nogil=True, cache=True)
def add_span(row, start, end, total):
    """Add the sums of the samples between two offsets, for every sample of a row."""
    far, near = row[end:], row[start:]
    for x in range(total.shape[0]):
        total[x] += far[x] - near[x]


@njit(nogil=True, cache=True)
def disc_rows(prefix, pad, spans, fill, blurred, r0, r1):
    """Rows [r0, r1) of ``blurred`` (3, h, w): the mean light under a disc, by weight.

    Args:
        spans: half widths of the disc's rows, from its top to its bottom, each at most ``pad``.
        fill: (3, h, w) light to take where the disc finds no weight.
    """
    height, width = fill.shape[1:]
    radius = spans.shape[0] // 2
    area = 0
    for span in spans:
        area += 2 * span + 1
    trace = TRACE * F(area)
    totals = np.empty((4, width), np.int32)
    for row in range(r0, r1):
        totals[:] = 0
        for k in range(max(-radius, -row), min(radius, height - 1 - row) + 1):
            span = spans[k + radius]
            for c in range(4):
                add_span(prefix[c, row + k], pad - span, pad + span + 1, totals[c])
        for c in range(3):
            for x in range(width):
                weight = F(totals[3, x]) * F(1.0 / UNIT) + trace
                light = F(totals[c, x]) * F(1.0 / UNIT) + trace * fill[c, row, x]
                blurred[c, row, x] = light / weight


@njit(nogil=True, cache=True)
def pull_rows(image, small, r0, r1):
    """Rows [r0, r1) of ``small``: means of 2 x 2 samples."""
    height, width = image.shape[1:]
    for c in range(4):
        for row in range(r0, r1):
            upper, lower = image[c, 2 * row], image[c, min(2 * row + 1, height - 1)]
            for x in range(small.shape[2]):
                right = min(2 * x + 1, width - 1)
                total = (upper[2 * x] + upper[right]) + (lower[2 * x] + lower[right])
                small[c, row, x] = F(0.25) * total


@njit(nogil=True, cache=True)
def push_rows(image, coarse, fill, r0, r1):
    """Rows [r0, r1) of ``fill`` (3, h, w): own light where it has weight, else from ``coarse``."""
    width = image.shape[2]
    rows, columns = coarse.shape[1:]
    for row in range(r0, r1):
        other = min(max((row >> 1) + (1 if row & 1 else -1), 0), rows - 1)
        for c in range(3):
            near, far = coarse[c, row >> 1], coarse[c, other]
            for x in range(width):
                i = x >> 1
                j = min(max(i + (1 if x & 1 else -1), 0), columns - 1)
                doubled = F(0.75) * (F(0.75) * near[i] + F(0.25) * near[j])
                doubled += F(0.25) * (F(0.75) * far[i] + F(0.25) * far[j])
                fill[c, row, x] = (image[c, row, x] + TRACE * doubled) / (image[3, row, x] + TRACE)


@njit(nogil=True, cache=True)
def code_rows(blurred, terms, is_rgb, code, r0, r1):
    """Turn rows [r0, r1) of ``blurred`` from light into sample values: Y, U, V, or R, G, B."""
    for row in range(r0, r1):
        for x in range(blurred.shape[2]):
            red = encode(blurred[0, row, x], code)
            green = encode(blurred[1, row, x], code)
            blue = encode(blurred[2, row, x], code)
            if is_rgb:
                blurred[0, row, x] = terms[0] + terms[1] * red
                blurred[1, row, x] = terms[0] + terms[1] * green
                blurred[2, row, x] = terms[0] + terms[1] * blue
            else:
                luma = green + terms[3] * (red - green) + terms[4] * (blue - green)
                blurred[0, row, x] = terms[0] + terms[1] * luma
                blurred[1, row, x] = terms[2] + terms[5] * (blue - luma)
                blurred[2, row, x] = terms[2] + terms[6] * (red - luma)


@njit(nogil=True, cache=True)
def enlarge_rows(small, down, across, step, shift, out, y0, y1):
    """Rows [y0, y1) of a plane, interpolated linearly from ``small`` (h, w) and rounded.

    Args:
        down, across: (first sample, share of the next one) for every row and column of the plane.
        step: distance between the plane's samples in a row of ``out``.
    """
    first, share = across
    row = np.empty(small.shape[1] + 1, F)
    for y in range(y0, y1):
        near, far = small[down[0][y]], small[min(down[0][y] + 1, small.shape[0] - 1)]
        part = down[1][y]
        for x in range(small.shape[1]):
            row[x] = near[x] + part * (far[x] - near[x])
        row[small.shape[1]] = row[small.shape[1] - 1]
        target = out[y]
        for x in range(first.shape[0]):
            i = np.uintp(first[x])
            value = row[i] + share[x] * (row[i + np.uintp(1)] - row[i])
            target[x * step] = np.int32(value + F(0.5)) << shift
