"""The order of the multi-level estimation: levels, sweeps and the buffers that they need."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..colour.transfer import encode_table, linear_table
from ..layout import Transfer
from . import cpu

__all__ = [
    "COARSEST",
    "DENSE",
    "GRADIENT_WEIGHT",
    "REGULARISATION",
    "RELIGHT_GIVE",
    "SEED",
    "Workspace",
    "sweeps_for",
]

COARSEST = 4  # pixels; the pyramid ends when neither side is longer
SEED = 64  # pixels; mean colours are taken at the first level whose sides are no longer than this
DENSE = 256  # pixels; levels with a longer side are solved in the alpha band only
REGULARISATION = 1e-5  # the paper's epsilon
RELIGHT_GIVE = 0.01  # a^2 at which half of the difference in light is taken over
GRADIENT_WEIGHT = 0.1  # of the alpha difference in a neighbour's weight; the paper's code takes 1
_BANDED = 128  # rows; smaller levels are not worth the hand-over to other threads


def sweeps_for(height: int, width: int) -> int:
    """Sweeps at a level of this size: many where they are nearly free, two where they cost."""
    longer = max(height, width)
    if longer <= 32:
        return 10
    return 4 if longer <= DENSE else 2


class Workspace:
    """Buffers of one picture size: 16-bit images, foregrounds and backgrounds of all levels.

    About 19 bytes a pixel of address space; at the finest level only what lies near the alpha band
    is ever touched. One call at a time may use it.

    Args:
        height, width: of the picture, 1 or more.
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        sizes = [(height, width)]
        while len(sizes) == 1 or max(sizes[-1]) > COARSEST:
            sizes.append(((sizes[-1][0] + 1) // 2, (sizes[-1][1] + 1) // 2))
        self.sizes = tuple(sizes)
        self.device: Any = None  # buffers on a GPU, see cuda.py
        self._images = [np.empty((3, *size), np.uint16) for size in sizes]
        self._backgrounds = [np.empty((3, *size), np.uint16) for size in sizes]
        self._foregrounds = [np.empty((3, *size), np.uint16) for size in sizes[1:]]
        self._alphas = [np.empty((1, *size), np.uint16) for size in sizes[1:]]
        tiles = [(-(-h // cpu.TILE), -(-w // cpu.TILE)) for h, w in sizes]
        self._tiles = [np.empty(count, np.uint8) for count in tiles]

    def estimate(
        self, alpha: NDArray[np.uint16], out: NDArray[np.uint16], bands: Bands | None
    ) -> None:
        """Turn ``out`` (3, H, W) from source colours into foreground colours."""
        images = [out, *self._images[1:]]
        alphas = [alpha[None], *self._alphas]
        foregrounds = [out, *self._foregrounds]
        for level in range(1, len(images)):
            _rows(partial(cpu.halve_rows, images[level - 1], images[level]), images[level], bands)
            _rows(partial(cpu.halve_rows, alphas[level - 1], alphas[level]), images[level], bands)
        self._seed(images, alphas)
        for level in range(len(images) - 1, -1, -1):
            tiles = self._tiles[level]
            _tile_rows(partial(cpu.classify_rows, alphas[level][0], tiles), tiles, bands)
            if level == 0:
                self._seed_finest(out, alpha, bands)
                images[0] = self._images[0]
            elif level + 1 < len(images):
                for colours in (foregrounds, self._backgrounds):
                    double = partial(cpu.double_rows, colours[level + 1], colours[level])
                    _rows(double, colours[level], bands)
            self._relax(level, images[level], alphas[level][0], foregrounds[level], bands)

    def relight(
        self,
        alpha: NDArray[np.uint16],
        out: NDArray[np.uint16],
        transfer: Transfer,
        bands: Bands | None,
    ) -> None:
        """After ``estimate``: make the mixture hold in linear light instead of in codes."""
        tables = linear_table(transfer, 16), encode_table(transfer), np.float32(RELIGHT_GIVE)
        image, tiles, background = self._images[0], self._tiles[0], self._backgrounds[0]
        relight = partial(cpu.relight_rows, image, alpha, tiles, out, background, *tables)
        _tile_rows(relight, tiles, bands)

    def _seed(self, images: list[NDArray[np.uint16]], alphas: list[NDArray[np.uint16]]) -> None:
        """Start the coarsest level from the mean colours of subject and background."""
        level = next(i for i, image in enumerate(images) if i > 0 and max(image.shape[1:]) <= SEED)
        image, alpha = images[level], alphas[level][0] / 65535.0
        for share, colours in (
            (alpha, self._foregrounds[-1]),
            (1.0 - alpha, self._backgrounds[-1]),
        ):
            weight = share**4 + 1e-9
            mean = (image * weight).sum(axis=(1, 2)) / weight.sum()
            colours[:] = np.rint(mean)[:, None, None]

    def _seed_finest(
        self, out: NDArray[np.uint16], alpha: NDArray[np.uint16], bands: Bands | None
    ) -> None:
        """Save the source near the band, then put the doubled foreground in its place."""
        tiles, image, background = self._tiles[0], self._images[0], self._backgrounds[0]
        small = self._backgrounds[1]
        save = partial(cpu.seed_background_rows, out, alpha, tiles, small, image, background)
        _tile_rows(save, tiles, bands)
        fill = partial(cpu.seed_foreground_rows, alpha, tiles, self._foregrounds[0], out)
        _tile_rows(fill, tiles, bands)

    def _relax(
        self,
        level: int,
        image: NDArray[np.uint16],
        alpha: NDArray[np.uint16],
        foreground: NDArray[np.uint16],
        bands: Bands | None,
    ) -> None:
        height, width = alpha.shape
        band_only = level == 0 or max(height, width) > DENSE
        weights = np.float32(REGULARISATION), np.float32(GRADIENT_WEIGHT)
        tiles, background = self._tiles[level], self._backgrounds[level]
        for half in range(2 * sweeps_for(height, width)):
            sweep = partial(
                cpu.sweep_rows,
                image,
                alpha,
                tiles,
                foreground,
                background,
                half % 2,
                band_only,
                *weights,
            )
            _tile_rows(sweep, tiles, bands)


def _rows(kernel: partial[None], target: NDArray[np.uint16], bands: Bands | None) -> None:
    rows = target.shape[1]
    run_bands(kernel, rows, bands if rows >= _BANDED else None)


def _tile_rows(kernel: partial[None], tiles: NDArray[np.uint8], bands: Bands | None) -> None:
    rows = tiles.shape[0]
    run_bands(kernel, rows, bands if rows * cpu.TILE >= _BANDED else None)
