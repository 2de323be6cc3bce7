"""Crops of a batch on the GPU: one launch for up to 128 images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..runtime import Struct, runtime_of

__all__ = ["crop_flip_resize"]

_MOST = 128  # MOST_IMAGES of crops.cuh


def crop_flip_resize(
    images: Any, crops: Sequence[tuple[int, int, int, int, bool]], out: Any
) -> None:
    """See ``crops.crop_flip_resize``; arguments are checked."""
    run = runtime_of(images)
    _, channels, height_in, width_in = images.shape
    height, width = out.shape[2:]
    for first in range(0, len(crops), _MOST):
        part = crops[first : first + _MOST]
        record = np.zeros((_MOST, 5), np.int32)
        record[: len(part)] = part
        run.elements(
            "crops.crop_flip_resize",
            (width, height * len(part)),
            images,
            out,
            Struct(record),
            first,
            len(part),
            *(channels, height_in, width_in, height, width),
        )
