"""Light as float images store it, to code values and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands
from ..dispatch import backend, takes_any_array
from ..errors import ShapeError
from ..layout import Transfer

__all__ = ["encode", "to_half"]


@takes_any_array
def encode(
    light: NDArray[Any],
    out: NDArray[np.uint16],
    transfer: Transfer = Transfer.SRGB,
    *,
    bands: Bands | None = None,
) -> NDArray[np.uint16]:
    """16-bit code values of light; below 0 and not-a-number become 0, above 1 the largest code.

    Args:
        light: (H, W) float16 or float32, 1 = white; rows may be padded.
        out: (H, W) uint16, 65535 = white.
        transfer: the curve.
        bands: row bands on a pool, for float32; None runs in this thread.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays of other shapes or dtypes.
    """
    if light.ndim != 2 or light.dtype not in (np.float16, np.float32) or 0 in light.shape:
        raise ShapeError(f"light is {light.dtype} {light.shape}; a float16 or float32 plane is due")
    if out.shape != light.shape or out.dtype != np.uint16:
        raise ShapeError(f"out is {out.dtype} {out.shape}; uint16 {light.shape} is needed")
    backend(__name__, light).encode(light, out, transfer, bands)
    return out


@takes_any_array
def to_half(
    codes: NDArray[np.uint16],
    light: NDArray[np.float32],
    out: NDArray[np.float16],
    alpha: NDArray[np.uint16] | None = None,
    *,
    bands: Bands | None = None,
) -> NDArray[np.float16]:
    """Light of 16-bit codes as half floats, times alpha where there is one.

    Args:
        codes: (H, W) uint16; rows may be padded.
        light: (65536,) float32, light of every code, 0..65504 (``colour.transfer.linear_table``
            times a scale).
        out: (H, W) float16.
        alpha: (H, W) uint16, 65535 = 1: premultiplied light.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``: the halves nearest to the float32 products, ties to even. With light of at most 1
        none is above alpha as a half.

    Raises:
        ShapeError: arrays of other shapes or dtypes.
    """
    if codes.ndim != 2 or codes.dtype != np.uint16 or 0 in codes.shape:
        raise ShapeError(f"codes are {codes.dtype} {codes.shape}; a uint16 plane is due")
    if light.shape != (1 << 16,) or light.dtype != np.float32:
        raise ShapeError(f"light is {light.dtype} {light.shape}; float32 (65536,) is needed")
    if out.shape != codes.shape or out.dtype != np.float16:
        raise ShapeError(f"out is {out.dtype} {out.shape}; float16 {codes.shape} is needed")
    if alpha is not None and (alpha.shape != codes.shape or alpha.dtype != np.uint16):
        raise ShapeError(f"alpha is {alpha.dtype} {alpha.shape}; uint16 {codes.shape} is needed")
    backend(__name__, codes).to_half(codes, light, out, alpha, bands)
    return out
