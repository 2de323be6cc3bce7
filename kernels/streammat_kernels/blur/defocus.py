"""The order of the background blur: how coarse, how large a disc, and the buffers that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..colour.matrices import from_rgb_terms
from ..colour.transfer import encode_table, linear_table
from ..composite.cpu import stored_terms, table_bits
from ..layout import Colour, Family, PixelLayout, Siting
from ..planes import chroma_rows, padded
from . import cpu

__all__ = ["FINEST_RADIUS", "Workspace", "coarseness", "disc_spans", "erosions", "positions"]

FINEST_RADIUS = 5.0  # grid steps; the disc's radius on the coarse grid is this much up to twice it
MARGIN_PX = 4  # background this near to alpha of 1 / HAZE or more does not count
FLAT = 1 / 64  # of the code range: light of the mean luma is then within 0.0001 of the mean light

Taps = tuple[NDArray[np.int32], NDArray[np.float32]]


def coarseness(radius_px: float) -> int:
    """Pixels a step of the grid: the power of two that leaves the disc 5 to 10 steps of radius."""
    factor = 1
    while radius_px / (2 * factor) >= FINEST_RADIUS:
        factor *= 2
    return factor


def erosions(factor: int) -> int:
    """Times that the background is eroded by one block, to keep MARGIN_PX from the subject."""
    return -(-MARGIN_PX // factor)


def disc_spans(radius: float) -> NDArray[np.int32]:
    """Half widths of the rows of a disc, top to bottom, in grid steps."""
    reach = int(radius)
    rows = np.arange(-reach, reach + 1)
    return np.asarray(np.sqrt(radius**2 - rows**2), np.int32)


def positions(count: int, spacing: int, factor: int, cosited: bool, size: int) -> Taps:
    """Where ``count`` samples, one every ``spacing`` pixels, lie on a grid of ``size`` blocks."""
    centre = np.arange(count) * spacing + (0.5 if cosited else 0.5 * spacing)
    place = np.clip(centre / factor - 0.5, 0.0, size - 1.0)
    first = place.astype(np.int32)
    return first, (place - first).astype(np.float32)


class Workspace:
    """Buffers for one picture size; they follow the strength. One call at a time may use it.

    Args:
        height, width: of the picture.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.device: Any = None  # buffers on a GPU, see cuda.py
        self._factor = 0

    def _prepare(self, factor: int) -> None:
        if factor == self._factor:
            return
        self._factor = factor
        sizes = [(-(-self.height // factor), -(-self.width // factor))]
        while max(sizes[-1]) > 1:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        self._sums = np.empty((4, *sizes[0]), np.float32)
        self._clear = np.empty(sizes[0], np.float32)
        self._eroded = np.empty(sizes[0], np.float32)
        self._blurred = np.empty((3, *sizes[0]), np.float32)
        self._images = [np.empty((4, *size), np.float32) for size in sizes]
        self._fills = [np.empty((3, *size), np.float32) for size in sizes]
        self._pad = int(2 * FINEST_RADIUS) + 1
        shape = (4, sizes[0][0], sizes[0][1] + 2 * self._pad + 1)
        self._prefix = np.empty(shape, np.int32)

    def blur(
        self,
        planes: Sequence[NDArray[Any]],
        layout: PixelLayout,
        colour: Colour,
        alpha: NDArray[np.uint16],
        out: Sequence[NDArray[Any]],
        radius_px: float,
        bands: Bands | None,
    ) -> None:
        """Fill ``out`` with the background out of focus."""
        factor = coarseness(radius_px)
        self._prepare(factor)
        is_rgb = layout.family in {Family.RGB, Family.GRAY}
        self._reduce(planes, layout, colour, alpha, is_rgb, bands)
        self._fill(bands)
        rows = self._clear.shape[0]
        spans = disc_spans(radius_px / factor)
        disc = partial(cpu.disc_rows, self._prefix, self._pad, spans, self._fills[0], self._blurred)
        run_bands(disc, rows, bands)
        terms = np.array(from_rgb_terms(layout, colour, 1.0), np.float32)
        code = encode_table(colour.transfer)
        run_bands(partial(cpu.code_rows, self._blurred, terms, is_rgb, code), rows, bands)
        self._enlarge(layout, colour, out, bands)

    def _reduce(
        self,
        planes: Sequence[NDArray[Any]],
        layout: PixelLayout,
        colour: Colour,
        alpha: NDArray[np.uint16],
        is_rgb: bool,
        bands: Bands | None,
    ) -> None:
        light = linear_table(colour.transfer, table_bits(layout))
        terms = stored_terms(layout, colour, light.shape[0] - 1)
        sources, step = _channels(planes, layout)
        rows, factor = self._clear.shape[0], self._factor
        chroma = (1, 1) if is_rgb else (layout.chroma_x, layout.chroma_y)
        cell = min(chroma[0], factor), min(chroma[1], factor)
        flat = np.float32(FLAT * (1 << layout.bits + layout.shift))
        reduce = partial(
            cpu.reduce_rows, sources, step, chroma, cell, padded(alpha), self.width, terms, is_rgb,
            flat, light, factor, self._sums, self._clear,
        )  # fmt: skip
        run_bands(reduce, rows, bands)
        for _ in range(erosions(factor)):
            run_bands(partial(cpu.erode_rows, self._clear, self._eroded), rows, bands)
            self._clear, self._eroded = self._eroded, self._clear
        share = np.float32(1.0 / factor**2)
        keep = partial(cpu.keep_rows, self._sums, self._clear, share, self._images[0])
        run_bands(keep, rows, bands)
        run_bands(partial(cpu.prefix_rows, self._images[0], self._pad, self._prefix), rows, bands)

    def _fill(self, bands: Bands | None) -> None:
        """Light for every block, from ever coarser neighbourhoods where there is no background."""
        for image, small in zip(self._images, self._images[1:], strict=False):
            run_bands(partial(cpu.pull_rows, image, small), small.shape[1], bands)
        last = self._images[-1]
        self._fills[-1][:] = last[:3] / np.maximum(last[3], 1e-20)
        for level in range(len(self._images) - 2, -1, -1):
            push = partial(
                cpu.push_rows, self._images[level], self._fills[level + 1], self._fills[level]
            )
            run_bands(push, self._images[level].shape[1], bands)

    def _enlarge(
        self, layout: PixelLayout, colour: Colour, out: Sequence[NDArray[Any]], bands: Bands | None
    ) -> None:
        targets, step = _channels(out, layout, output=True)
        across = colour.siting is not Siting.CENTER
        down = colour.siting is Siting.TOPLEFT
        sizes = self._clear.shape
        planes = 1 if layout.family is Family.GRAY else 3
        for c in range(planes):
            is_chroma = c > 0 and layout.family is not Family.RGB
            spacing = (layout.chroma_y, layout.chroma_x) if is_chroma else (1, 1)
            rows, columns = -(-self.height // spacing[0]), -(-self.width // spacing[1])
            rows_at = positions(rows, spacing[0], self._factor, down and spacing[0] > 1, sizes[0])
            columns_at = positions(
                columns, spacing[1], self._factor, across and spacing[1] > 1, sizes[1]
            )
            enlarge = partial(
                cpu.enlarge_rows, self._blurred[c], rows_at, columns_at, step if is_chroma else 1,
                layout.shift, targets[c],
            )  # fmt: skip
            run_bands(enlarge, rows, bands)


def _channels(
    planes: Sequence[NDArray[Any]], layout: PixelLayout, *, output: bool = False
) -> tuple[tuple[NDArray[Any], NDArray[Any], NDArray[Any]], int]:
    """Padded Y, U, V (or R, G, B; gray three times) and the distance between chroma samples."""
    first = padded(planes[0], output=output)
    if layout.family is Family.GRAY:
        return (first, first, first), 1
    u, v, step = chroma_rows(planes, layout, output=output)
    return (first, u, v), step
