"""What the resizing kernels compute, in NumPy float64: the definition all backends are held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour import reference as colour_reference
from ..layout import Colour, PixelLayout

Float = NDArray[np.float64]


def bilinear_matrix(size_in: int, size_out: int) -> Float:
    """(size_out, size_in): linear interpolation at output centres, the ends repeated."""
    position = (np.arange(size_out) + 0.5) * size_in / size_out - 0.5
    samples = np.eye(size_in)
    return np.stack([np.interp(position, np.arange(size_in), row) for row in samples], axis=1)


def area_matrix(size_in: int, size_out: int) -> Float:
    """(size_out, size_in): the share of each input sample in the stretch an output covers."""
    if size_out >= size_in:
        return bilinear_matrix(size_in, size_out)
    scale = size_in / size_out
    low = np.arange(size_out)[:, None] * scale
    sample = np.arange(size_in)[None, :]
    overlap = np.minimum(low + scale, sample + 1) - np.maximum(low, sample)
    return np.asarray(np.maximum(overlap, 0.0) / scale)


def area(plane: NDArray[Any], height: int, width: int) -> Float:
    """Area filter of an (H, W) plane to (height, width), before rounding."""
    rows, columns = plane.shape
    left, right = area_matrix(rows, height), area_matrix(columns, width)
    return np.asarray(left @ plane.astype(np.float64) @ right.T)


def bilinear(plane: NDArray[Any], height: int, width: int) -> Float:
    """Bilinear filter of an (H, W) plane to (height, width), before rounding."""
    rows, columns = plane.shape
    left, right = bilinear_matrix(rows, height), bilinear_matrix(columns, width)
    return np.asarray(left @ plane.astype(np.float64) @ right.T)


def network_view(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    size: tuple[int, int],
    content: tuple[int, int],
) -> Float:
    """(3, h, w) R'G'B' 0..255: the picture in ``content``, its last row and column repeated.

    The picture is averaged before out-of-range colours are clipped, as light on a sensor would be.
    """
    full = colour_reference.unclipped_rgb(planes, layout, colour, 255.0)
    small = np.clip(np.stack([area(channel, *content) for channel in full]), 0.0, 255.0)
    pad = ((0, 0), (0, size[0] - content[0]), (0, size[1] - content[1]))
    return np.pad(small, pad, mode="edge")
