"""Scaling of whole pictures outside the frame loop's hot path: cover-fit and exact fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streammat.types import Plane


def cover_box(
    width: int, height: int, target_width: int, target_height: int
) -> tuple[float, float, float, float]:
    """The centred part (left, top, right, bottom) of a picture that has the target's aspect."""
    scale = min(width / target_width, height / target_height)
    part_width, part_height = target_width * scale, target_height * scale
    left, top = (width - part_width) / 2, (height - part_height) / 2
    return left, top, left + part_width, top + part_height


def cover_plane(plane: Plane, width: int, height: int) -> Plane:
    """One plane scaled to cover ``width`` x ``height``, the overhang cut off evenly.

    Area-weighted when shrinking, bicubic when enlarging (Pillow's antialiased filters).
    """
    rows, columns = plane.shape
    return resample(plane, width, height, cover_box(columns, rows, width, height))


def resample(
    plane: NDArray[Any],
    width: int,
    height: int,
    box: tuple[float, float, float, float] | None = None,
) -> Plane:
    """The part ``box`` of a plane at ``width`` x ``height``, same depth."""
    rows, columns = plane.shape
    if (columns, rows) == (width, height) and box in {None, (0.0, 0.0, columns, rows)}:
        return np.ascontiguousarray(plane)
    deep = plane.dtype != np.uint8
    image = Image.fromarray(plane.astype(np.float32) if deep else np.ascontiguousarray(plane))
    scaled = np.asarray(image.resize((width, height), Image.Resampling.BICUBIC, box))
    if not deep:
        return scaled
    fitted: Plane = np.rint(np.clip(scaled, 0, np.iinfo(plane.dtype).max)).astype(plane.dtype)
    return fitted
