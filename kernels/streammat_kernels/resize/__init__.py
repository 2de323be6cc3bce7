"""Resizing: the network's view of a frame, and single planes by area or linear interpolation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import taps
from ..bands import Bands
from ..dispatch import backend, takes_any_array
from ..errors import ShapeError
from ..layout import Colour, PixelLayout
from ..planes import check_planes

__all__ = ["area", "bilinear", "network_view"]

_CODES = (np.dtype(np.uint8), np.dtype(np.uint16))
_FLOAT = np.dtype(np.float32)


@takes_any_array
def network_view(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    out: NDArray[np.float32],
    *,
    content: tuple[int, int] | None = None,
    bands: Bands | None = None,
) -> NDArray[np.float32]:
    """R'G'B' 0..255 at the network's size, straight from the planes of the source.

    Each axis is averaged over exactly the stretch that an output pixel covers where it shrinks,
    and interpolated linearly where it grows. Chroma is interpolated at its siting on the way,
    which folds into the filter. The averaging comes before out-of-range colours are clipped.

    Args:
        planes: as ``layout`` says; rows may be padded; an alpha plane is ignored.
        layout: how the samples lie.
        colour: matrix, range and siting. The transfer curve stays as it is.
        out: (3, h, w) float32, filled completely.
        content: (rows, columns) at the top left of ``out`` that the picture covers, the rest
            repeats its last row and column; None is all of ``out``.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: planes that do not fit the layout, ``out`` or ``content`` of another shape.
    """
    check_planes(planes, layout)
    if out.ndim != 3 or out.shape[0] != 3 or out.dtype != _FLOAT or 0 in out.shape:
        raise ShapeError(f"out is {out.dtype} {out.shape}; the network's view is float32 (3, h, w)")
    rows, columns = content or (out.shape[1], out.shape[2])
    if not (1 <= rows <= out.shape[1] and 1 <= columns <= out.shape[2]):
        raise ShapeError(f"content {rows}x{columns} does not lie in {out.shape[1]}x{out.shape[2]}")
    backend(__name__, out).network_view(planes, layout, colour, out, (rows, columns), bands)
    return out


@takes_any_array
def area(plane: NDArray[Any], out: NDArray[Any], *, bands: Bands | None = None) -> NDArray[Any]:
    """One plane by a true area filter (fractions of samples weighted); linear where it grows.

    Args:
        plane: (H, W) uint8, uint16 or float32; rows may be padded.
        out: (h, w) of the same dtype (rounded to nearest) or float32 (not rounded).
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays that are not planes, or dtypes that do not go together.
    """
    _check_pair(plane, out)
    rows, columns = (taps.area(*sizes) for sizes in zip(plane.shape, out.shape, strict=True))
    backend(__name__, out).resize(plane, out, rows, columns, bands)
    return out


@takes_any_array
def bilinear(plane: NDArray[Any], out: NDArray[Any], *, bands: Bands | None = None) -> NDArray[Any]:
    """One plane by linear interpolation at the centres of the output samples, the ends repeated.

    Shrinking by more than two skips samples; ``area`` does not.

    Args:
        plane: (H, W) uint8, uint16 or float32; rows may be padded.
        out: (h, w) of the same dtype (rounded to nearest) or float32 (not rounded).
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays that are not planes, or dtypes that do not go together.
    """
    _check_pair(plane, out)
    rows, columns = (taps.bilinear(*sizes) for sizes in zip(plane.shape, out.shape, strict=True))
    backend(__name__, out).resize(plane, out, rows, columns, bands)
    return out


def _check_pair(plane: NDArray[Any], out: NDArray[Any]) -> None:
    if plane.ndim != 2 or out.ndim != 2 or 0 in plane.shape or 0 in out.shape:
        raise ShapeError(f"planes of shapes {plane.shape} and {out.shape}; both have to be (H, W)")
    if plane.dtype not in (*_CODES, _FLOAT):
        raise ShapeError(f"a plane of {plane.dtype}; uint8, uint16 and float32 can be resized")
    if out.dtype not in (plane.dtype, _FLOAT):
        raise ShapeError(f"out is {out.dtype} for a {plane.dtype} plane; use that or float32")
