"""What the background blur computes, in NumPy float64: the definition for all backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour.reference import cosited, encode, linearise
from ..composite.reference import from_rgb, pixel_codes, to_rgb
from ..layout import Colour, Family, PixelLayout
from .defocus import coarseness, disc_spans, erosions

__all__ = ["HAZE", "TRACE", "background_light", "blur_background"]

Float = NDArray[np.float64]

HAZE = 8  # a pixel counts fully at alpha 0 and not at all from alpha 1 / HAZE up
TRACE = 1e-4  # weight of what comes from a coarser level where a level has background of its own


def blocks(full: Float, factor: int, reduce: np.ufunc) -> Float:
    """Sums (or minima) over blocks of ``factor`` x ``factor`` pixels, cut off at the edges."""
    rows = np.arange(0, full.shape[0], factor)
    columns = np.arange(0, full.shape[1], factor)
    return np.asarray(reduce.reduceat(reduce.reduceat(full, rows, axis=0), columns, axis=1))


def eroded(clear: Float) -> Float:
    """Minimum over 3 x 3 blocks."""
    padded = np.pad(clear, 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    return np.asarray(windows.min(axis=(2, 3)))


def background_light(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    factor: int,
) -> Float:
    """(4, h, w): light of R, G, B times weight, and weight 0..1, on a grid of ``factor`` pixels."""
    light = linearise(to_rgb(pixel_codes(planes, layout), layout, colour), colour.transfer)
    weight = np.maximum(1.0 - HAZE * (alpha / 65535.0), 0.0)
    keep = blocks(weight, factor, np.minimum) / factor**2
    for _ in range(erosions(factor)):
        keep = eroded(keep)
    channels = [blocks(channel * weight, factor, np.add) for channel in light]
    return np.stack([*channels, blocks(weight, factor, np.add)]) * keep


def filled(image: Float) -> Float:
    """(3, h, w) light of every block: its own where it has weight, else a coarser level's."""
    _, height, width = image.shape
    if max(height, width) == 1:
        return np.asarray(image[:3] / np.maximum(image[3], 1e-20))
    even = np.pad(image, [(0, 0), (0, height % 2), (0, width % 2)], mode="edge")
    rows = even[:, 0::2] + even[:, 1::2]
    coarse = filled((rows[..., 0::2] + rows[..., 1::2]) / 4)
    for axis, size in ((1, height), (2, width)):
        coarse = _linear(coarse, (np.arange(size) + 0.5) / 2 - 0.5, axis)
    return np.asarray((image[:3] + TRACE * coarse) / (image[3] + TRACE))


def disc(image: Float, radius: float) -> Float:
    """(4, h, w) sums under a disc; outside the grid there is nothing."""
    spans = disc_spans(radius)
    reach = len(spans) // 2
    _, height, width = image.shape
    total = np.zeros_like(image)
    for row, span in zip(range(-reach, reach + 1), spans, strict=True):
        for column in range(-span, span + 1):
            y0, y1 = max(-row, 0), min(height, height - row)
            x0, x1 = max(-column, 0), min(width, width - column)
            if y0 < y1 and x0 < x1:
                moved = image[:, y0 + row : y1 + row, x0 + column : x1 + column]
                total[:, y0:y1, x0:x1] += moved
    return total


def _linear(image: Float, position: Float, axis: int) -> Float:
    last = image.shape[axis] - 1
    place = np.clip(position, 0.0, last)
    first = place.astype(int)
    shape = [-1 if i == axis else 1 for i in range(image.ndim)]
    near = np.take(image, first, axis)
    far = np.take(image, np.minimum(first + 1, last), axis)
    return np.asarray(near + (place - first).reshape(shape) * (far - near))


def blur_background(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    radius_px: float,
) -> list[Float]:
    """Planes, before rounding and shift, of the background under a disc of ``radius_px``."""
    factor = coarseness(radius_px)
    image = background_light(planes, layout, colour, alpha, factor)
    total = disc(image, radius_px / factor)
    trace = TRACE * (2 * disc_spans(radius_px / factor) + 1).sum()
    blurred = (total[:3] + trace * filled(image)) / (total[3] + trace)
    codes = from_rgb(encode(blurred, colour.transfer), layout, colour)
    return _enlarged(codes, layout, colour, factor, (planes[0].shape[0], planes[0].shape[1]))


def _enlarged(
    codes: Float, layout: PixelLayout, colour: Colour, factor: int, size: tuple[int, int]
) -> list[Float]:
    """Planes interpolated from codes on the grid, chroma at its siting."""
    across, down = cosited(colour)
    planes = []
    for c, code in enumerate(codes[:1] if layout.family is Family.GRAY else codes):
        plane = code
        is_chroma = c > 0 and layout.family is not Family.RGB
        steps = (layout.chroma_y, layout.chroma_x) if is_chroma else (1, 1)
        for axis, sited in ((0, down), (1, across)):
            step = steps[axis]
            centre = np.arange(-(-size[axis] // step)) * step + (
                0.5 if sited and step > 1 else 0.5 * step
            )
            plane = _linear(plane, centre / factor - 0.5, axis)
        planes.append(plane)
    if layout.family is Family.SEMIPLANAR:
        planes = [planes[0], np.stack(planes[1:], axis=2)]
    if layout.alpha:
        planes.append(np.full(size, float((1 << layout.bits) - 1)))
    return planes
