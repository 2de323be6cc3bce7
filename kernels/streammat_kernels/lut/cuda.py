"""Look-ups on the GPU: one launch; the table is uploaded once."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..bands import Bands
from ..runtime import Struct, plane, runtime_of, table_of
from .table import Lut, scales

__all__ = ["apply"]

_LOOKUP = np.dtype(
    [("table", "u8"), ("gain", "f4", 3), ("offset", "f4", 3), ("log_gain", "f4"), ("cells", "i4")]
)


def apply(rgb: Any, lut: Lut, bands: Bands | None) -> None:
    """See ``lut.apply``; arguments are checked."""
    del bands
    run = runtime_of(rgb)
    record = np.zeros((), _LOOKUP)
    record["table"] = run.address(table_of(run, lut.table))
    record["gain"], record["offset"], record["log_gain"] = scales(lut)
    record["cells"] = lut.table.shape[0] - 1
    height, width = rgb.shape[1:]
    channels = Struct(np.stack([plane(run, channel, what="out").value for channel in rgb]))
    kernel = "lut.lines" if lut.table.ndim == 2 else "lut.cubes"
    run.elements(kernel, (width, height), channels, Struct(record), width, height)
