"""Encoding on the CPU: half floats by a table of all 65,536, float32 by octaves."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..colour.transfer import encode as encode_value
from ..colour.transfer import encode_table
from ..jit import njit
from ..layout import Transfer
from ..planes import padded
from . import reference

__all__ = ["encode"]

F = np.float32


@lru_cache(maxsize=8)
def half_table(transfer: Transfer) -> NDArray[np.uint16]:
    """(65536,) code values of every half float, by its bits."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    return np.floor(reference.encode(halves, transfer) + 0.5).astype(np.uint16)


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
