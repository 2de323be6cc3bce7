"""Drawn planes into the packed samples of an encoder's picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import av
import numpy as np

from streammat.types import Plane

__all__ = ["interleave"]


def interleave(planes: Sequence[Plane], order: Sequence[int], frame: av.VideoFrame) -> None:
    """Fill ``frame`` of a packed format of 8 bits or of 16 bits big-endian.

    Args:
        planes: (H, W) uint8 or uint16, at most the frame's size; what lies beyond is not written.
        order: which plane each sample of a pixel comes from; -1 is opaque.
    """
    height, width = planes[0].shape
    dtype = np.dtype(np.uint8) if planes[0].dtype == np.uint8 else np.dtype(">u2")
    target: Any = frame.planes[0]
    rows = np.frombuffer(memoryview(target), np.uint8).reshape(frame.height, target.line_size)
    used = rows[:height, : width * len(order) * dtype.itemsize].view(dtype)
    pixels = used.reshape(height, width, len(order), copy=False)
    for channel, source in enumerate(order):
        pixels[..., channel] = np.iinfo(dtype).max if source < 0 else planes[source]
