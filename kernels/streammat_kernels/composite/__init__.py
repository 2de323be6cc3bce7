"""Compositing in linear light: a frame over a background, and premultiplied colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands
from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..layout import Colour, PixelLayout, Transfer
from ..planes import check_planes

__all__ = ["over", "premultiply"]


@takes_any_array
def over(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    background: Sequence[NDArray[Any]],
    out: Sequence[NDArray[Any]],
    *,
    foreground: NDArray[np.uint16] | None = None,
    bands: Bands | None = None,
) -> Sequence[NDArray[Any]]:
    """Blend a plate over a background in linear light: ``out = a plate + (1 - a) background``.

    Pixels with alpha 65535 keep the plate's samples bit for bit, those with alpha 0 the
    background's; where all pixels of a chroma sample agree, so does the chroma. In between R'G'B'
    (each pixel with the chroma of its cell, clipped to 0..1) is turned into light, blended (Porter
    and Duff 1984, "Compositing Digital Images") and encoded; a chroma sample is the mean of its
    pixels' results.

    Args:
        planes: the plate, as ``layout`` and ``colour`` say; rows may be padded.
        layout, colour: of plate, background and ``out``.
        alpha: (H, W) uint16, 65535 = opaque.
        background: planes like the plate's.
        out: planes like the plate's, filled; an alpha plane becomes opaque. May be ``background``
            itself, not ``planes``.
        foreground: (3, H, W) uint16 R'G'B', 0..65535, instead of the plate's colours where alpha is
            below 65535.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays that do not belong together.
    """
    height, width = check_planes(planes, layout)
    for name, other in (("background", background), ("out", out)):
        found = check_planes(other, layout, name)
        if found != (height, width):
            raise ShapeError(
                f"{name} holds {found[1]}x{found[0]}, the plate {width}x{height}; scale it first"
            )
    _check("alpha", alpha, (height, width))
    if foreground is not None:
        _check("foreground", foreground, (3, height, width))
    backend(__name__, alpha).over(planes, layout, colour, alpha, background, out, foreground, bands)
    if layout.alpha and not is_cuda(alpha):
        out[-1][...] = ((1 << layout.bits) - 1) << layout.shift
    return out


@takes_any_array
def premultiply(
    rgb: NDArray[np.uint16],
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16] | None = None,
    *,
    transfer: Transfer = Transfer.SDR,
    bands: Bands | None = None,
) -> NDArray[np.uint16]:
    """Colours times alpha in linear light, encoded again; never above alpha.

    Args:
        rgb: (3, H, W) uint16 R'G'B', 0..65535.
        alpha: (H, W) uint16, 65535 = opaque; it is never encoded.
        out: (3, H, W) uint16; may be ``rgb`` itself. None makes one.
        transfer: the curve of ``rgb`` and ``out``.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``: ``encode(alpha * linearise(rgb))``, at most alpha: an encoded value can exceed
        alpha (half of white's light is 0.75 of the scale at gamma 2.4), and readers of
        premultiplied pictures divide by alpha, so what is above is cut. With linear colours
        nothing is ever above.

    Raises:
        ShapeError: arrays that do not belong together.
    """
    _check("alpha", alpha, rgb.shape[1:])
    _check("rgb", rgb, (3, *alpha.shape))
    if out is None:
        out = empty(rgb.shape, np.uint16, rgb)
    _check("out", out, rgb.shape)
    backend(__name__, alpha).premultiply(rgb, alpha, out, transfer, bands)
    return out


def _check(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.uint16:
        raise ShapeError(f"{name} is {array.dtype} {array.shape}; expected uint16 {shape}")
