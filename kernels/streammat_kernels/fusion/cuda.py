"""GFM's fusion on the GPU: one launch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..runtime import Runtime, Struct, plane, runtime_of

__all__ = ["FUSED", "fuse", "maps_of"]

FUSED = "fused"
"""Stands for a mode where focus is the alpha already."""

_MODES = {"tt": 0, "ft": 1, "bt": 2, FUSED: 3}
_MAPS = np.dtype([("glance", "u8"), ("focus", "u8"), ("strides", "i8", 3), ("mode", "i8")])


def fuse(glance: Any, focus: Any, mode: str, out: Any) -> None:
    """See ``fusion.fuse``; arguments are checked."""
    run = runtime_of(focus)
    height, width = focus.shape
    maps = maps_of(run, glance, focus, mode)
    run.elements("fusion.fuse", (width, height), maps, plane(run, out, what="out"), width, height)


def maps_of(run: Runtime, glance: Any, focus: Any, mode: str) -> Struct:
    """``Maps`` of fusion.cuh.

    Raises:
        ShapeError: samples of a row that do not lie side by side.
    """
    for name, array in (("glance", glance), ("focus", focus)):
        if array.strides[-1] != 4 or any(stride % 4 for stride in array.strides):
            raise ShapeError(
                f"{name} has strides {array.strides}; float32 samples of a row lie side by side"
            )
    strides = [stride // 4 for stride in (*glance.strides[:2], focus.strides[0])]
    record = np.zeros((), _MAPS)
    record["glance"], record["focus"] = run.address(glance), run.address(focus)
    record["strides"], record["mode"] = strides, _MODES[mode]
    return Struct(record)
