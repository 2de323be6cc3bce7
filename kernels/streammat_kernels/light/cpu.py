"""Light and codes on the CPU: half floats by tables of all 65,536, float32 by octaves."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..colour.transfer import encode as encode_value
from ..colour.transfer import encode_table
from ..jit import njit
from ..layout import Transfer
from ..planes import padded
from .tables import half_table

__all__ = ["encode", "to_half"]

F = np.float32
OPAQUE = np.uint16(65535)
_SMALLEST_NORMAL = F(2.0**-14)
_REBIAS = np.int32((127 - 15) << 10)
_HALF_BITS = np.int32(0x3F000000)  # of 0.5: adding it leaves steps of 2^-24, those of a subnormal


@njit(nogil=True, cache=True)
def encode_rows(light, out, code, width, y0, y1):
    """Rows y0..y1; anything that is not above 0 is 0, not-a-number too."""
    for y in range(y0, y1):
        row, dst = light[y], out[y]
        for x in range(width):
            value = row[x]
            shown = value if value > F(0.0) else F(0.0)
            dst[x] = np.int32(encode_value(shown, code) * F(65535.0) + F(0.5))


def encode(
    light: NDArray[Any], out: NDArray[np.uint16], transfer: Transfer, bands: Bands | None
) -> None:
    """See ``light.encode``; arguments are checked."""
    if light.dtype == np.float16:
        np.take(half_table(transfer), light.view(np.uint16), out=out, mode="clip")
        return
    rows = partial(
        encode_rows, padded(light), padded(out, output=True), encode_table(transfer), light.shape[1]
    )
    run_bands(rows, light.shape[0], bands)


@njit(nogil=True)
def half_bits(value):
    """Bits of the half nearest to a float32 in 0..65504, ties to even (IEEE 754)."""
    if value < _SMALLEST_NORMAL:
        return np.uint16(np.float32(value + F(0.5)).view(np.int32) - _HALF_BITS)
    bits = np.float32(value).view(np.int32)
    bits += np.int32(0xFFF) + ((bits >> np.int32(13)) & np.int32(1))
    return np.uint16((bits >> np.int32(13)) - _REBIAS)


@njit(nogil=True, cache=True)
def plain_rows(codes, table, out, width, y0, y1):
    """Rows y0..y1 of one plane: ``table`` holds the bits of a half for every code."""
    for y in range(y0, y1):
        row, dst = codes[y], out[y]
        for x in range(width):
            dst[x] = table[row[x]]


@njit(nogil=True, cache=True)
def covered_rows(codes, alpha, table, light, out, width, y0, y1):
    """The same times alpha 0..1; most pixels are 0 or 1 and need no arithmetic."""
    unit = F(1.0) / F(65535.0)
    for y in range(y0, y1):
        row, cover, dst = codes[y], alpha[y], out[y]
        for x in range(width):
            a = cover[x]
            if a == OPAQUE:
                dst[x] = table[row[x]]
            elif a == 0:
                dst[x] = np.uint16(0)
            else:
                dst[x] = half_bits(light[row[x]] * (F(a) * unit))


def to_half(
    codes: NDArray[np.uint16],
    light: NDArray[np.float32],
    out: NDArray[np.float16],
    alpha: NDArray[np.uint16] | None,
    bands: Bands | None,
) -> None:
    """See ``light.to_half``; arguments are checked."""
    table: Any = light.astype(np.float16).view(np.uint16)
    source, target = padded(codes), padded(out.view(np.uint16), output=True)
    height, width = codes.shape
    if alpha is None:
        rows = partial(plain_rows, source, table, target, width)
    else:
        rows = partial(covered_rows, source, padded(alpha), table, light, target, width)
    run_bands(rows, height, bands)
