"""Colour: planes of any layout to R'G'B' and back, and from layout to layout.

Tables for linear light are in ``streammat_kernels.colour.transfer``, luma coefficients and code
ranges in ``streammat_kernels.colour.matrices``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands
from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..layout import Colour, PixelLayout, Transfer
from ..planes import check_planes, empty_planes, sample_dtype
from ..runtime import runtime_of

__all__ = ["convert", "from_rgb", "make_opaque", "to_rgb"]

_SDR_FAMILY = {Transfer.SDR, Transfer.SRGB}


@takes_any_array
def to_rgb(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    out: NDArray[Any] | None = None,
    *,
    bands: Bands | None = None,
) -> NDArray[Any]:
    """R'G'B' of a picture, encoded with the same transfer curve.

    Chroma is interpolated linearly at its siting (ITU-R BT.601-7, BT.709-6, BT.2020-2; ITU-T H.273
    for full range). Depths are scaled, never shifted: white is 255 or 65535.

    Args:
        planes: as ``layout`` says; rows may be padded; an alpha plane is ignored.
        layout: how the samples lie.
        colour: matrix, range (of RGB and gray layouts too) and siting.
        out: (3, H, W) uint8 (0..255) or uint16 (0..65535); made like ``planes`` when None.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: planes that do not fit the layout, or an ``out`` that does not fit the planes.
    """
    height, width = check_planes(planes, layout)
    if out is None:
        out = empty((3, height, width), sample_dtype(layout), planes[0])
    _check_rgb(out, height, width, "out")
    backend(__name__, out).to_rgb(planes, layout, colour, out, bands)
    return out


@takes_any_array
def from_rgb(
    rgb: NDArray[Any],
    layout: PixelLayout,
    colour: Colour,
    out: Sequence[NDArray[Any]] | None = None,
    *,
    alpha: NDArray[np.uint16] | None = None,
    bands: Bands | None = None,
) -> Sequence[NDArray[Any]]:
    """Planes of ``layout`` from R'G'B', encoded with the same transfer curve.

    Chroma is low-passed for its siting: the mean of the two samples that it lies between, or
    1 2 1 around the one that it lies on.

    Args:
        rgb: (3, H, W) uint8 (0..255) or uint16 (0..65535); each channel may have padded rows.
        layout: how the samples are to lie.
        colour: matrix, range (of RGB and gray layouts too) and siting.
        out: planes to fill, rows may be padded; made when None.
        alpha: (H, W) uint16, 65535 = 1, for the alpha plane (full range); None fills it with 1.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays that do not fit each other, or alpha for a layout without an alpha plane.
    """
    height, width = rgb.shape[1:] if rgb.ndim == 3 else (0, 0)
    _check_rgb(rgb, height, width, "rgb")
    _check_alpha(alpha, layout, height, width)
    out = _planes_for(out, layout, height, width, rgb)
    backend(__name__, rgb).from_rgb(rgb, layout, colour, out, alpha, bands)
    return out


@takes_any_array
def convert(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    to_layout: PixelLayout,
    to_colour: Colour,
    out: Sequence[NDArray[Any]] | None = None,
    *,
    alpha: NDArray[np.uint16] | None = None,
    bands: Bands | None = None,
) -> Sequence[NDArray[Any]]:
    """Planes in another layout: depth, range, subsampling, siting, matrix, RGB to YUV and back.

    Equal layouts and colours are copied bit for bit. With the same matrix, luma never leaves its
    plane and chroma is resampled in one step; else the way leads over 16-bit R'G'B' (one buffer is
    made for that). Primaries are not converted.

    Args:
        planes: as ``layout`` and ``colour`` say; rows may be padded.
        layout, colour: of ``planes``.
        to_layout, to_colour: of the result.
        out: planes to fill, rows may be padded; made when None.
        alpha: (H, W) uint16 for the alpha plane; None keeps that of ``planes``, or fills it with 1.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays that do not fit, or a change of transfer curve (that is a grade).
    """
    height, width = check_planes(planes, layout)
    _check_alpha(alpha, to_layout, height, width)
    _check_transfer(colour.transfer, to_colour.transfer)
    out = _planes_for(out, to_layout, height, width, planes[0])
    convert_planes = backend(__name__, planes[0], host="planewise").convert
    convert_planes(planes, layout, colour, to_layout, to_colour, out, alpha, bands)
    return out


@takes_any_array
def make_opaque(planes: Sequence[NDArray[Any]], layout: PixelLayout) -> None:
    """Fill the last plane, the alpha of a layout that has one, with 1.

    Raises:
        ShapeError: planes that do not fit the layout, or a layout without an alpha plane.
    """
    check_planes(planes, layout)
    if not layout.alpha:
        raise ShapeError("the layout has no alpha plane to fill; choose one that has")
    code = ((1 << layout.bits) - 1) << layout.shift
    if is_cuda(planes[-1]):
        backend(__name__, planes[-1]).fill(runtime_of(planes[-1]), planes[-1], code)
    else:
        planes[-1][...] = code


def _check_rgb(rgb: NDArray[Any], height: int, width: int, what: str) -> None:
    if rgb.shape != (3, height, width) or not height or not width:
        raise ShapeError(
            f"{what} has shape {rgb.shape}; expected (3, {height or 'H'}, {width or 'W'})"
        )
    if rgb.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
        raise ShapeError(f"{what} is {rgb.dtype}; R'G'B' is full-scale uint8 or uint16")


def _check_alpha(alpha: NDArray[Any] | None, layout: PixelLayout, height: int, width: int) -> None:
    if alpha is None:
        return
    if not layout.alpha:
        raise ShapeError(
            "alpha given, but the layout has no alpha plane; drop it or choose one that has"
        )
    if alpha.shape != (height, width) or alpha.dtype != np.uint16:
        raise ShapeError(
            f"alpha is {alpha.dtype} {alpha.shape}; expected uint16 ({height}, {width}), 65535 = 1"
        )


def _check_transfer(source: Transfer, target: Transfer) -> None:
    if source is not target and not {source, target} <= _SDR_FAMILY:
        raise ShapeError(
            f"convert from {source} to {target}: a change of transfer curve needs a tone map; "
            "keep the curve of the source"
        )


def _planes_for(
    out: Sequence[NDArray[Any]] | None, layout: PixelLayout, height: int, width: int, like: Any
) -> Sequence[NDArray[Any]]:
    if out is None:
        return empty_planes(layout, height, width, like)
    found = check_planes(out, layout, "out")
    if found != (height, width):
        raise ShapeError(f"out holds {found[1]}x{found[0]}; the picture is {width}x{height}")
    return out
