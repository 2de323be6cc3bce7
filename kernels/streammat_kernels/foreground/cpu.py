"""The steps of the multi-level estimation in Numba: serial, nogil, 16-bit planes, row bands.

All colours are planar (3, h, w) uint16 so that every level uses the same few compiled functions.
Sums are float32; a level's image, foreground and background never leave 16 bits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour.transfer import encode
from ..jit import njit

U16 = NDArray[np.uint16]
U8 = NDArray[np.uint8]

TILE = 16  # pixels; small enough to follow a thin edge, large enough to amortise its test

EMPTY, SOLID, MIXED = 0, 1, 2


@njit(nogil=True, cache=True)
def halve_rows(source: U16, small: U16, y0: int, y1: int) -> None:
    """Rows [y0, y1) of ``small`` (n, ceil(h/2), ceil(w/2)): rounded means of 2x2 samples."""
    count, h, w = source.shape
    for c in range(count):
        for y in range(y0, y1):
            upper = source[c, 2 * y]
            lower = source[c, min(2 * y + 1, h - 1)]
            target = small[c, y]
            for x in range(w // 2):
                total = np.uint32(upper[2 * x]) + np.uint32(upper[2 * x + 1])
                total += np.uint32(lower[2 * x]) + np.uint32(lower[2 * x + 1])
                target[x] = (total + np.uint32(2)) >> np.uint32(2)
            if w & 1:
                target[w // 2] = (
                    np.uint32(upper[w - 1]) + np.uint32(lower[w - 1]) + np.uint32(1)
                ) >> np.uint32(1)


@njit(nogil=True, cache=True)
def doubled_row(small: U16, y: int, mixed: Any, row: U16) -> None:
    """Row ``y`` of the bilinear doubling of ``small`` (h, w), pixel centres at half steps.

    Args:
        mixed: (w,) uint32 scratch.
        row: (2w,) uint16, filled.
    """
    h, w = small.shape
    near = small[y >> 1]
    far = small[min(max((y >> 1) + (1 if y & 1 else -1), 0), h - 1)]
    three, eight, four = np.uint32(3), np.uint32(8), np.uint32(4)
    for x in range(w):
        mixed[x] = three * np.uint32(near[x]) + np.uint32(far[x])
    row[0] = (four * mixed[0] + eight) >> four
    row[2 * w - 1] = (four * mixed[w - 1] + eight) >> four
    # Slices that start at 0 and one wide store: LLVM makes vectors of this loop.
    here, after = mixed[: w - 1], mixed[1:]
    pairs = row[1 : 2 * w - 1]
    for x in range(w - 1):
        pairs[2 * x] = (three * here[x] + after[x] + eight) >> four
        pairs[2 * x + 1] = (three * after[x] + here[x] + eight) >> four


@njit(nogil=True, cache=True)
def double_rows(small: U16, large: U16, y0: int, y1: int) -> None:
    """Rows [y0, y1) of ``large`` (n, h, w): ``small`` doubled."""
    count, _, w = small.shape
    mixed = np.empty(w, np.uint32)
    row = np.empty(2 * w, np.uint16)
    for c in range(count):
        for y in range(y0, y1):
            doubled_row(small[c], y, mixed, row)
            target = large[c, y]
            for x in range(target.shape[0]):  # a slice assigned to a slice compiles for seconds
                target[x] = row[x]


@njit(nogil=True, cache=True)
def classify_rows(alpha: U16, tiles: U8, t0: int, t1: int) -> None:
    """Rows [t0, t1) of ``tiles``: is a tile of ``alpha`` EMPTY, SOLID or MIXED."""
    h, w = alpha.shape
    for ty in range(t0, t1):
        for tx in range(tiles.shape[1]):
            low, high = np.uint16(65535), np.uint16(0)
            for y in range(ty * TILE, min((ty + 1) * TILE, h)):
                for x in range(tx * TILE, min((tx + 1) * TILE, w)):
                    low = min(low, alpha[y, x])
                    high = max(high, alpha[y, x])
            tiles[ty, tx] = EMPTY if high == 0 else (SOLID if low == 65535 else MIXED)


@njit(nogil=True, cache=True)
def spread(row: U16, x0: int, x1: int, own: Any) -> None:
    """``own`` = samples x0 - 1 .. x1 of ``row`` as float32, repeated beyond its ends."""
    count = x1 - x0
    inner = row[x0:x1]
    target = own[1 : count + 1]
    for i in range(count):
        target[i] = np.float32(inner[i])
    own[0] = np.float32(row[max(x0 - 1, 0)])
    own[count + 1] = np.float32(row[min(x1, row.shape[0] - 1)])


@njit(nogil=True, cache=True, error_model="numpy")
def weigh(own: Any, above: U16, below: U16, regularisation: Any, slope: Any, weights: Any) -> None:
    """Neighbour weights of a run of pixels and the gain of their residual.

    Args:
        own: alpha codes of the run, one more at either end.
        above, below: alpha codes of the rows beside it, as long as the run.
        weights: (5, n), filled: left, right, above and below, summing to 1; 1 / (a^2 + b^2 + sum).
    """
    count = above.shape[0]
    before, here, after = own[:count], own[1 : count + 1], own[2 : count + 2]
    left, right, gain = weights[0, :count], weights[1, :count], weights[4, :count]
    up, down = weights[2, :count], weights[3, :count]
    unit, one = np.float32(1.0 / 65535.0), np.float32(1.0)
    # One output a loop: more would need more overlap tests than LLVM allows a vector loop.
    for i in range(count):
        left[i] = regularisation + slope * abs(here[i] - before[i])
    for i in range(count):
        right[i] = regularisation + slope * abs(here[i] - after[i])
    for i in range(count):
        up[i] = regularisation + slope * abs(here[i] - np.float32(above[i]))
    for i in range(count):
        down[i] = regularisation + slope * abs(here[i] - np.float32(below[i]))
    for i in range(count):
        a = here[i] * unit
        gain[i] = one / (a * a + (one - a) * (one - a) + left[i] + right[i] + up[i] + down[i])
    for i in range(count):
        share = one / (left[i] + right[i] + up[i] + down[i])
        left[i] *= share
        right[i] *= share
        up[i] *= share
        down[i] *= share


@njit(nogil=True, cache=True)
def neighbours(own: Any, above: U16, below: U16, weights: Any, mean: Any) -> None:
    """``mean`` = weighted mean of the four neighbours, for a run of pixels."""
    count = above.shape[0]
    before, after = own[:count], own[2 : count + 2]
    left, right = weights[0, :count], weights[1, :count]
    up, down = weights[2, :count], weights[3, :count]
    for i in range(count):
        beside = left[i] * before[i] + right[i] * after[i]
        mean[i] = beside + up[i] * np.float32(above[i]) + down[i] * np.float32(below[i])


@njit(nogil=True, cache=True)
def settle(
    image: U16, alpha: Any, gain: Any, f_mean: Any, g_mean: Any, f_row: U16, g_row: U16
) -> None:
    """Minimise each pixel of a run with its neighbours held still.

    With the weighted neighbour means f, g and s the sum of the weights, the minimum of
    (a F + b G - I)^2 + s (F - f)^2 + s (G - g)^2 is F = f + a r, G = g + b r with
    r = (I - a f - b g) / (a^2 + b^2 + s): the paper's 2x2 system, solved without its cancellation.
    """
    zero, top = np.int32(0), np.int32(65535)
    unit, one, half = np.float32(1.0 / 65535.0), np.float32(1.0), np.float32(0.5)
    for i in range(image.shape[0]):
        a = alpha[i] * unit
        b = one - a
        rest = gain[i] * (np.float32(image[i]) - a * f_mean[i] - b * g_mean[i])
        f_code = min(max(np.int32(f_mean[i] + a * rest + half), zero), top)
        g_code = min(max(np.int32(g_mean[i] + b * rest + half), zero), top)
        f_row[i] = f_code
        g_row[i] = g_code


@njit(nogil=True, cache=True)
def keep(alpha: U16, fresh: U16, least: Any, row: U16) -> None:
    """Copy ``fresh`` into ``row`` where alpha + 1, modulo 2^16, is at least ``least``.

    0 and 65535 are the codes whose successor modulo 2^16 is below 2: one test, not two.
    """
    for i in range(alpha.shape[0]):
        row[i] = fresh[i] if np.uint16(alpha[i] + np.uint16(1)) >= least else row[i]


@njit(nogil=True, cache=True, error_model="numpy")
def relax_run(
    image: U16, alpha: U16, foreground: U16, background: U16, y: int, x0: int, x1: int,
    band_only: bool, regularisation: Any, slope: Any, scratch: Any, fresh: U16,
) -> None:  # fmt: skip
    """Solve the pixels [x0, x1) of row ``y``, each from its neighbours' values of before."""
    h = alpha.shape[0]
    up, down, count = max(y - 1, 0), min(y + 1, h - 1), x1 - x0
    codes, own, f_mean, g_mean = scratch[0], scratch[1], scratch[2, :count], scratch[3, :count]
    weights = scratch[4:9]
    spread(alpha[y], x0, x1, codes)
    weigh(codes, alpha[up, x0:x1], alpha[down, x0:x1], regularisation, slope, weights)
    for c in range(3):
        for k in range(2):
            colour = foreground[c] if k == 0 else background[c]
            spread(colour[y], x0, x1, own)
            mean = f_mean if k == 0 else g_mean
            neighbours(own, colour[up, x0:x1], colour[down, x0:x1], weights, mean)
        a_run, source = codes[1 : count + 1], image[c, y, x0:x1]
        settle(source, a_run, weights[4], f_mean, g_mean, fresh[0, :count], fresh[1, :count])
        least = np.uint16(2 if band_only else 0)
        for k in range(2):
            colour = foreground[c] if k == 0 else background[c]
            keep(alpha[y, x0:x1], fresh[k], least, colour[y, x0:x1])


@njit(nogil=True, cache=True, error_model="numpy")
def sweep_rows(
    image: U16, alpha: U16, tiles: U8, foreground: U16, background: U16, parity: int,
    band_only: bool, regularisation: Any, gradient_weight: Any, t0: int, t1: int,
) -> None:  # fmt: skip
    """Half a sweep over the tile rows [t0, t1): every second row of pixels ("zebra").

    Rows read themselves and rows of the other parity only, so the result does not depend on how the
    image is cut into bands, and a row is one long vector.

    Args:
        parity: rows with y % 2 == parity are solved.
        band_only: only pixels strictly between 0 and 65535, only in MIXED tiles; else every pixel.
        regularisation, gradient_weight: float32, of a neighbour's weight.
    """
    h, w = alpha.shape
    scratch = np.empty((9, w + 2), np.float32)
    fresh = np.empty((2, w), np.uint16)
    slope = gradient_weight * np.float32(1.0 / 65535.0)
    for y in range(t0 * TILE + parity, min(t1 * TILE, h), 2):
        kinds = tiles[y // TILE]
        tile, count = 0, tiles.shape[1]
        while tile < count:
            first = tile
            while tile < count and not (band_only and kinds[tile] != MIXED):
                tile += 1
            if tile > first:
                relax_run(
                    image, alpha, foreground, background, y, first * TILE, min(tile * TILE, w),
                    band_only, regularisation, slope, scratch, fresh,
                )  # fmt: skip
            tile += 1


@njit(nogil=True, cache=True)
def has_kind(kinds: U8, kind: int) -> bool:
    """Is any tile of this row of tiles of that kind?"""
    for found in kinds:  # noqa: SIM110 - Numba has no generator expressions
        if found == kind:
            return True
    return False


@njit(nogil=True, cache=True)
def seed_background_rows(
    source: U16, alpha: U16, tiles: U8, small: U16, image: U16, background: U16, t0: int, t1: int
) -> None:
    """Save the source of MIXED tiles and one pixel around in ``image``; start their ``background``.

    The background is the source where alpha is 0, else the doubled ``small`` background. Tiles
    write the same values where they overlap, so bands do not disturb each other.
    """
    h, w = alpha.shape
    mixed = np.empty(small.shape[2], np.uint32)
    row = np.empty(2 * small.shape[2], np.uint16)
    for ty in range(t0, t1):
        if not has_kind(tiles[ty], MIXED):
            continue
        for y in range(max(ty * TILE - 1, 0), min((ty + 1) * TILE + 1, h)):
            codes = alpha[y]
            for c in range(3):
                doubled_row(small[c], y, mixed, row)
                source_row, image_row, target = source[c, y], image[c, y], background[c, y]
                for tx in range(tiles.shape[1]):
                    if tiles[ty, tx] != MIXED:
                        continue
                    for column in range(max(tx * TILE - 1, 0), min((tx + 1) * TILE + 1, w)):
                        x = np.uintp(column)
                        image_row[x] = source_row[x]
                        target[x] = source_row[x] if codes[x] == 0 else row[x]


@njit(nogil=True, cache=True)
def seed_foreground_rows(
    alpha: U16, tiles: U8, small: U16, foreground: U16, t0: int, t1: int
) -> None:
    """Replace ``foreground`` by the doubled ``small`` foreground wherever alpha is below 65535."""
    h, w = alpha.shape
    mixed = np.empty(small.shape[2], np.uint32)
    row = np.empty(2 * small.shape[2], np.uint16)
    for ty in range(t0, t1):
        if not (has_kind(tiles[ty], MIXED) or has_kind(tiles[ty], EMPTY)):
            continue
        for y in range(ty * TILE, min((ty + 1) * TILE, h)):
            codes = alpha[y]
            for c in range(3):
                doubled_row(small[c], y, mixed, row)
                target = foreground[c, y]
                for column in range(w):
                    x = np.uintp(column)
                    target[x] = target[x] if codes[x] == 65535 else row[x]


@njit(nogil=True, cache=True, error_model="numpy")
def relight_rows(
    image: U16, alpha: U16, tiles: U8, foreground: U16, background: U16,
    light: Any, code: Any, give: Any, t0: int, t1: int,
) -> None:  # fmt: skip
    """Move ``foreground`` so that the mixture holds in linear light, background kept.

    F = f + a r / (a^2 + give) with r = I - a f - (1 - a) G, all of them light.

    Args:
        light, code: tables of ``colour.transfer``, the first for 16 bits.
        give: float32, keeps the noise of nearly transparent pixels small.
    """
    h, w = alpha.shape
    unit, one, top = np.float32(1.0 / 65535.0), np.float32(1.0), np.float32(65535.0)
    for y in range(t0 * TILE, min(t1 * TILE, h)):
        kinds = tiles[y // TILE]
        for tile in range(tiles.shape[1]):
            if kinds[tile] != MIXED:
                continue
            for x in range(tile * TILE, min((tile + 1) * TILE, w)):
                if alpha[y, x] == 0 or alpha[y, x] == 65535:
                    continue
                a = np.float32(alpha[y, x]) * unit
                gain = a / (a * a + give)
                for c in range(3):
                    near = light[foreground[c, y, x]]
                    rest = light[image[c, y, x]] - a * near - (one - a) * light[background[c, y, x]]
                    mended = encode(near + gain * rest, code)  # clips to 0..1
                    foreground[c, y, x] = np.uint16(np.int32(mended * top + np.float32(0.5)))
