"""Stills of any size: a glance over the whole picture, focus in overlapping tiles.

The network's memory is that of one tile; tiles that glance calls plain subject or background are
not computed at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ConfigError
from streammat.matting.sizes import GRID_PX, network_size
from streammat.matting.strategies.labels import (
    BACKGROUND_TO,
    FOREGROUND_FROM,
    fuse_labels,
    glance_labels,
)
from streammat.matting.strategies.network import NetworkPass
from streammat.matting.strategies.resample import enlarge, shrink
from streammat.types import Alpha
from streammat_kernels.resize import area, bilinear

__all__ = ["tiled"]

TILE_PX = 768
OVERLAP_PX = 96
_RATIO = 0.5  # network pixels a picture pixel in a tile: where GFM's focus was trained


def tiled(
    network: NetworkPass,
    rgb: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    size: str = "balanced",
    tile_px: int = TILE_PX,
    overlap_px: int = OVERLAP_PX,
    out: Alpha | None = None,
) -> Alpha:
    """Alpha (H, W) uint16, 65535 = opaque.

    Args:
        network: the passes are its.
        rgb: (H, W, 3) uint8 or uint16 full scale; may be a memory map.
        size: of the glance pass; fast, balanced, best or WxH.
        tile_px: side of a tile at the network, a multiple of 32.
        overlap_px: of neighbouring tiles at the network, less than half of ``tile_px``; alphas are
            blended across it.
        out: (H, W) uint16, may be a memory map; None makes one.

    Raises:
        ConfigError: ``tile_px`` or ``overlap_px`` that cannot be.
    """
    if tile_px < GRID_PX or tile_px % GRID_PX or not 0 <= overlap_px < tile_px / 2:
        raise ConfigError(
            f"tiles of {tile_px} px overlapping by {overlap_px}: use a multiple of {GRID_PX} and "
            "an overlap of less than half of it"
        )
    height, width = rgb.shape[:2]
    alpha: Alpha = np.empty((height, width), np.uint16) if out is None else out
    labels = _glance(network, rgb, size)
    side, overlap = round(tile_px / _RATIO), round(overlap_px / _RATIO)
    columns = list(_spans(width, side, overlap))
    strip = _Strip(alpha, side)
    for rows in _spans(height, side, overlap):
        strip.begin(rows.start)
        for across in columns:
            tile = _Tile(rows, across, overlap)
            part = _tile_alpha(network, rgb, labels, tile)
            strip.add(part, tile)
    strip.begin(height)
    return alpha


@dataclass(frozen=True, slots=True)
class _Tile:
    """Pixels of the picture that one tile covers."""

    rows: slice
    columns: slice
    overlap: int

    def weights(self) -> NDArray[np.float32]:
        """A pyramid of ramps as wide as the overlap; never 0."""
        down, across = (
            _ramp(span.stop - span.start, self.overlap) for span in (self.rows, self.columns)
        )
        return down[:, None] * across


def _ramp(length: int, overlap: int) -> NDArray[np.float32]:
    inwards = np.minimum(np.arange(length), np.arange(length)[::-1]) + 1
    return np.minimum(1, inwards / (overlap + 1)).astype(np.float32)


def _spans(length: int, side: int, overlap: int) -> Iterator[slice]:
    """Evenly spread spans of ``side`` that overlap at least so far; one if ``side`` is enough."""
    if length <= side:
        yield slice(0, length)
        return
    count = -(-(length - overlap) // (side - overlap))
    for index in range(count):
        start = round(index * (length - side) / (count - 1))
        yield slice(start, start + side)


class _Strip:
    """Sums of weighted alphas of the rows that tiles still reach; finished rows go to ``alpha``."""

    def __init__(self, alpha: Alpha, side: int) -> None:
        self._alpha = alpha
        rows, width = min(side, alpha.shape[0]), alpha.shape[1]
        self._sum = np.zeros((rows, width), np.float32)
        self._weight = np.zeros((rows, width), np.float32)
        self._first = 0

    def begin(self, row: int) -> None:
        """No tile reaches above ``row`` any more: write those rows and move on."""
        done = min(row - self._first, len(self._sum))
        if done <= 0:
            return
        mean = self._sum[:done] / self._weight[:done]
        self._alpha[self._first : self._first + done] = np.rint(np.clip(mean, 0, 1) * 65535)
        for plane in (self._sum, self._weight):
            plane[: -done or None] = plane[done:].copy()
            plane[len(plane) - done :] = 0
        self._first += done

    def add(self, part: NDArray[np.float32], tile: _Tile) -> None:
        """One tile's alpha."""
        rows = slice(tile.rows.start - self._first, tile.rows.stop - self._first)
        weights = tile.weights()
        self._sum[rows, tile.columns] += part * weights
        self._weight[rows, tile.columns] += weights


def _glance(network: NetworkPass, rgb: NDArray[Any], size: str) -> NDArray[np.float64]:
    """(h, w) label map 0..1 of the whole picture."""
    height, width = rgb.shape[:2]
    chosen = network_size(width, height, size)
    rows, columns = chosen.content_height, chosen.content_width
    view = np.empty((rows, columns, 3), np.float32)
    scale = bilinear if rows > height or columns > width else area
    for channel in range(3):  # one plane at a time: the picture may be larger than memory likes
        plane = np.ascontiguousarray(rgb[..., channel]).astype(np.float32)
        small = np.empty((rows, columns), np.float32)
        scale(plane, small)
        view[..., channel] = small
    if rgb.dtype == np.uint16:
        view /= 257
    labels = glance_labels(network(_padded(view)).glance, network.variant)
    return labels[:rows, :columns] / 255


def _tile_alpha(
    network: NetworkPass, rgb: NDArray[Any], labels: NDArray[np.float64], tile: _Tile
) -> NDArray[np.float32]:
    size = rgb.shape[0], rgb.shape[1]
    glance = enlarge(labels, size, (tile.rows, tile.columns)) * 255
    low, high = glance.min(), glance.max()
    if network.variant != "ft" and high <= BACKGROUND_TO:
        return np.zeros(glance.shape, np.float32)
    if network.variant != "bt" and low >= FOREGROUND_FROM:
        return np.ones(glance.shape, np.float32)
    picture = rgb[tile.rows, tile.columns]
    rows, columns = (max(1, round(length * _RATIO)) for length in picture.shape[:2])
    small = shrink(picture, (rows, columns))
    if rgb.dtype == np.uint16:
        small /= 257
    focus = network(_padded(small.astype(np.float32))).focus[:rows, :columns]
    alpha = fuse_labels(glance, enlarge(focus, glance.shape), network.variant)
    return alpha.astype(np.float32)


def _padded(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """The last row and column repeated up to multiples of 32."""
    missing = [(0, -length % GRID_PX) for length in rgb.shape[:2]]
    return np.pad(rgb, (*missing, (0, 0)), mode="edge")
