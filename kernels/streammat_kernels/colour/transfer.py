"""Tables between encoded values and linear light, shared by every kernel that mixes light.

``linear_table`` is indexed by a code; ``encode_table`` by the bits of a float32, which spaces its
entries evenly in octaves: as dense where a gamma curve is steep (near black) as at white. Reading
it with ``encode`` is within a fifth of a 16-bit code of the formula in ``reference.py``.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from ..jit import njit
from ..layout import Transfer
from . import reference

__all__ = ["encode", "encode_table", "linear_table"]

OCTAVES = 40  # 2^-40 is below the first 16-bit code of every curve but linear, where it rounds to 0
STEPS = 128  # entries an octave
_BASE = (127 - OCTAVES) * STEPS  # float32 exponent bias, in entries
_MANTISSA_SHIFT = 16  # 23 mantissa bits, 7 of them index
_MANTISSA_REST = 0xFFFF
_SMALLEST = np.float32(2.0**-OCTAVES)
_REST_UNIT = np.float32(1.0 / 65536.0)


@lru_cache(maxsize=32)
def linear_table(transfer: Transfer, bits: int) -> NDArray[np.float32]:
    """Linear light of every full-scale code.

    Args:
        transfer: the curve; SDR is the BT.1886 display gamma 2.4, others: ``reference.linearise``.
        bits: 8..16; code 2^bits - 1 is light 1.

    Returns:
        (2^bits,) float32, read-only, light 0..1 (1 = peak of the curve), rising strictly.

    Raises:
        ShapeError: bits outside 8..16.
    """
    if not 8 <= bits <= 16:
        raise ShapeError(f"a table for {bits} bits; 8..16 are there")
    codes = np.arange(1 << bits, dtype=np.float64) / ((1 << bits) - 1)
    table = reference.linearise(codes, transfer).astype(np.float32)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=8)
def encode_table(transfer: Transfer) -> NDArray[np.float32]:
    """Encoded values 0..1 at light 2^-40 .. 1, for ``encode``; (5122,) float32, read-only."""
    entries = np.arange(OCTAVES * STEPS + 2)
    light = 2.0 ** (entries // STEPS - OCTAVES) * (1.0 + entries % STEPS / STEPS)
    table = reference.encode(np.minimum(light, 1.0), transfer).astype(np.float32)
    table.flags.writeable = False
    return table


@njit()
def encode(light: Any, table: Any) -> Any:
    """Encoded value 0..1 of float32 ``light`` (clipped to 0..1), for use inside kernels.

    Args:
        light: float32 scalar.
        table: from ``encode_table``.
    """
    clipped = max(min(np.float32(light), np.float32(1.0)), _SMALLEST)
    bits = np.float32(clipped).view(np.int32)
    index = (bits >> _MANTISSA_SHIFT) - _BASE
    rest = np.float32(bits & _MANTISSA_REST) * _REST_UNIT
    value = table[index] + rest * (table[index + 1] - table[index])
    return value if light >= _SMALLEST else np.float32(0.0)
