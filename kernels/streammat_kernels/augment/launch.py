"""Samples on the CPU: which part of each picture is needed, then the kernels."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..regions import sampled_levels
from ..taps import area
from . import cpu
from .noise import mixed_seed, noise_levels
from .plan import LineTaps, SamplePlan, Span, line_taps, reach
from .reference import DENOISE_WINDOW_PX

__all__ = ["fill_batch"]

Rgb = NDArray[np.uint8]  # (H, W, 3)
_REACH = DENOISE_WINDOW_PX // 2


class _Window(NamedTuple):
    """Part of a picture, for the kernels."""

    pixels: Rgb
    origin: Span
    height: int
    width: int


class _Grid(NamedTuple):
    """The source rows and columns that a crop samples, and each output's places in them."""

    rows: NDArray[np.int32]  # (t,) source rows, ascending
    columns: NDArray[np.int32]  # (n,) source columns, ascending
    row_taps: LineTaps  # places in ``rows``
    column_taps: LineTaps  # places in ``columns``
    source_rows: LineTaps  # rows of the picture


def fill_batch(
    foregrounds: Sequence[Rgb],
    backgrounds: Sequence[Rgb],
    alphas: Sequence[NDArray[np.uint8]],
    plans: Sequence[SamplePlan],
    kernels_px: tuple[int, int],
    colours: NDArray[np.uint8],
    grey: NDArray[np.uint8],
    pool: Executor | None,
) -> None:
    """Write a batch: colours (B, 3, 3, s, s) image, foreground and background, grey (B, 4, s, s)
    alpha, trimap, dilation and erosion; sample by sample, on the threads of ``pool``.
    """

    def one(n: int) -> None:
        pictures = foregrounds[n], backgrounds[n], alphas[n]
        _fill_sample(*pictures, plans[n], kernels_px, colours[n], grey[n])

    numbers = range(len(plans))
    list(map(one, numbers) if pool is None else pool.map(one, numbers))


def _fill_sample(
    foreground: Rgb,
    background: Rgb,
    alpha: NDArray[np.uint8],
    plan: SamplePlan,
    kernels_px: tuple[int, int],
    colours: NDArray[np.uint8],
    grey: NDArray[np.uint8],
) -> None:
    grid = _grid(plan, colours.shape[-1])
    size = alpha.shape[0], alpha.shape[1]
    effects = plan.blur_px, np.float32(plan.noise_sigma), mixed_seed(plan.noise_seed)
    cpu.layers(
        tuple(_front(foreground, plan)),
        tuple(_back(background, plan, size)),
        alpha,
        tuple(grid.source_rows),
        grid.columns,
        tuple(grid.column_taps),
        effects,
        noise_levels(),
        colours,
    )
    levels = sampled_levels(
        alpha, grid.rows, grid.columns, trimap_px=kernels_px[0], rosta_px=kernels_px[1]
    )
    for number in range(4):
        cpu.join_grid(levels[number], tuple(grid.row_taps), tuple(grid.column_taps), grey[number])


def _grid(plan: SamplePlan, size_px: int) -> _Grid:
    rows = line_taps(plan.y, plan.side, size_px, False)
    columns = line_taps(plan.x, plan.side, size_px, plan.flip)
    used_rows, row_taps = _places(rows)
    used_columns, column_taps = _places(columns)
    return _Grid(used_rows, used_columns, row_taps, column_taps, rows)


def _places(taps: LineTaps) -> tuple[NDArray[np.int32], LineTaps]:
    used = np.unique(np.concatenate([taps.first, taps.second]))
    first = np.searchsorted(used, taps.first).astype(np.int32)
    second = np.searchsorted(used, taps.second).astype(np.int32)
    return used, LineTaps(first, second, taps.weight)


def _front(picture: Rgb, plan: SamplePlan) -> _Window:
    height, width = picture.shape[:2]
    if plan.denoise_foreground <= 0:
        return _Window(picture, (0, 0), height, width)
    pixels = np.empty((plan.side, plan.side, 3), np.uint8)
    cpu.denoise_rows(picture, plan.y, plan.x, plan.denoise_foreground, pixels)
    return _Window(pixels, (plan.y, plan.x), height, width)


def _back(picture: Rgb, plan: SamplePlan, size: tuple[int, int]) -> _Window:
    """The background at the foreground's size, as far as the crop and the blur's box reach."""
    height, width = size
    before = plan.blur_px // 2
    down = reach(plan.y, plan.side, before, before, height)
    across = reach(plan.x, plan.side, before, before, width)
    source, origin = picture, (0, 0)
    if picture.shape[:2] != size:
        margin = _REACH if plan.denoise_background > 0 else 0
        wide_down = max(down[0] - margin, 0), min(down[1] + margin, height)
        wide_across = max(across[0] - margin, 0), min(across[1] + margin, width)
        source = _resized(picture, size, wide_down, wide_across)
        origin = wide_down[0], wide_across[0]
    first, left = down[0] - origin[0], across[0] - origin[1]
    shape = down[1] - down[0], across[1] - across[0], 3
    if plan.denoise_background > 0:
        pixels = np.empty(shape, np.uint8)
        cpu.denoise_rows(source, first, left, plan.denoise_background, pixels)
    elif plan.blur_px > 0:  # the sums run over the window's whole width: leave the rest out
        pixels = np.ascontiguousarray(source[first : first + shape[0], left : left + shape[1]])
    else:
        return _Window(source, origin, height, width)
    return _Window(pixels, (down[0], across[0]), height, width)


def _resized(picture: Rgb, size: tuple[int, int], down: Span, across: Span) -> Rgb:
    rows, columns = area(picture.shape[0], size[0]), area(picture.shape[1], size[1])
    out = np.empty((down[1] - down[0], across[1] - across[0], 3), np.uint8)
    down_part, across_part = slice(*down), slice(*across)
    cpu.resize_rows(
        picture,
        rows.start[down_part],
        rows.weights[down_part],
        columns.start[across_part],
        columns.weights[across_part],
        out,
    )
    return out
