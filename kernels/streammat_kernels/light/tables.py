"""Codes of every half float, made once a curve."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..layout import Transfer
from . import reference

__all__ = ["half_table"]


@lru_cache(maxsize=8)
def half_table(transfer: Transfer) -> NDArray[np.uint16]:
    """(65536,) code values of every half float, by its bits; read-only."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    table = np.floor(reference.encode(halves, transfer) + 0.5).astype(np.uint16)
    table.flags.writeable = False
    return table
