"""Light as float images store it, to code values."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands
from ..errors import ShapeError
from ..layout import Transfer

__all__ = ["encode"]


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
    from . import cpu

    cpu.encode(light, out, transfer, bands)
    return out
