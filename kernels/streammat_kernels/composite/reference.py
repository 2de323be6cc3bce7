"""What compositing computes, in NumPy float64: the definition all backends are held to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour.matrices import code_range, luma_weights
from ..colour.reference import chroma_pair, encode, linearise
from ..layout import Colour, Family, PixelLayout, Transfer

__all__ = ["over", "premultiply"]

Float = NDArray[np.float64]


def cells_to_pixels(chroma: Float, layout: PixelLayout, shape: tuple[int, int]) -> Float:
    """Every pixel gets the chroma sample of its cell."""
    tall = np.repeat(chroma, layout.chroma_y, axis=0)[: shape[0]]
    return np.repeat(tall, layout.chroma_x, axis=1)[:, : shape[1]]


def pixels_to_cells(full: Float, layout: PixelLayout) -> Float:
    """Means over the pixels of each cell; cells at the right and bottom may be smaller."""
    rows = np.arange(0, full.shape[0], layout.chroma_y)
    columns = np.arange(0, full.shape[1], layout.chroma_x)
    sums = np.add.reduceat(np.add.reduceat(full, rows, axis=0), columns, axis=1)
    ones = np.ones_like(full)
    counts = np.add.reduceat(np.add.reduceat(ones, rows, axis=0), columns, axis=1)
    return np.asarray(sums / counts)


def pixel_codes(planes: Sequence[NDArray[Any]], layout: PixelLayout) -> Float:
    """(3, H, W) codes of every pixel, without the shift: Y, Cb, Cr or R, G, B; gray thrice."""
    unit = float(1 << layout.shift)
    if layout.family is Family.RGB:
        return np.stack([plane / unit for plane in planes[:3]])
    luma = planes[0] / unit
    if layout.family is Family.GRAY:
        return np.stack([luma] * 3)
    chroma = [cells_to_pixels(plane, layout, luma.shape) for plane in chroma_pair(planes, layout)]
    return np.stack([luma, *chroma])


def to_rgb(codes: Float, layout: PixelLayout, colour: Colour) -> Float:
    """R'G'B' of pixel codes, clipped to 0..1."""
    black, span, neutral, chroma_span = code_range(layout, colour)
    if layout.family in {Family.RGB, Family.GRAY}:
        return np.asarray(np.clip((codes - black) / span, 0.0, 1.0))
    kr, kg, kb = luma_weights(colour.matrix)
    luma = (codes[0] - black) / span
    red = luma + 2 * (1 - kr) * (codes[2] - neutral) / chroma_span
    blue = luma + 2 * (1 - kb) * (codes[1] - neutral) / chroma_span
    green = (luma - kr * red - kb * blue) / kg
    return np.asarray(np.clip(np.stack([red, green, blue]), 0.0, 1.0))


def from_rgb(rgb: Float, layout: PixelLayout, colour: Colour) -> Float:
    """Pixel codes of R'G'B' 0..1."""
    black, span, neutral, chroma_span = code_range(layout, colour)
    if layout.family in {Family.RGB, Family.GRAY}:
        return np.asarray(black + span * rgb)
    kr, _, kb = luma_weights(colour.matrix)
    luma = np.tensordot(luma_weights(colour.matrix), rgb, 1)
    cb = neutral + chroma_span * (rgb[2] - luma) / (2 * (1 - kb))
    cr = neutral + chroma_span * (rgb[0] - luma) / (2 * (1 - kr))
    return np.stack([black + span * luma, cb, cr])


def to_planes(codes: Float, layout: PixelLayout) -> list[Float]:
    """Planes, before rounding and shift, of pixel codes; alpha is opaque."""
    planes = [codes[0]]
    if layout.family is Family.RGB:
        planes = list(codes)
    elif layout.family is not Family.GRAY:
        chroma = [pixels_to_cells(plane, layout) for plane in codes[1:]]
        semi = layout.family is Family.SEMIPLANAR
        planes += [np.stack(chroma, axis=2)] if semi else chroma
    if layout.alpha:
        planes.append(np.full(codes.shape[1:], float((1 << layout.bits) - 1)))
    return planes


def over(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    background: Sequence[NDArray[Any]],
    *,
    foreground: NDArray[np.uint16] | None = None,
) -> list[Float]:
    """Planes, before rounding and shift, of the plate over the background in linear light."""
    share = alpha / 65535.0
    near_codes, far_codes = pixel_codes(planes, layout), pixel_codes(background, layout)
    near = to_rgb(near_codes, layout, colour) if foreground is None else foreground / 65535.0
    if layout.family is Family.GRAY:
        near = np.stack([near[0]] * 3)
    far = linearise(to_rgb(far_codes, layout, colour), colour.transfer)
    light = far + share * (linearise(near, colour.transfer) - far)
    codes = from_rgb(encode(light, colour.transfer), layout, colour)
    codes = np.where(alpha == 65535, near_codes, np.where(alpha == 0, far_codes, codes))
    return to_planes(codes, layout)


def premultiply(
    rgb: NDArray[np.uint16], alpha: NDArray[np.uint16], transfer: Transfer = Transfer.SDR
) -> Float:
    """(3, H, W) 0..65535 before rounding."""
    light = linearise(rgb / 65535.0, transfer) * (alpha / 65535.0)
    return np.minimum(encode(light, transfer) * 65535.0, alpha)
