"""Crops by the CPU's area filter, plane by plane; mirrored in place afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .. import taps
from ..resize.cpu import resize

__all__ = ["crop_flip_resize"]

Images = NDArray[np.float32]


def crop_flip_resize(
    images: Images, crops: Sequence[tuple[int, int, int, int, bool]], out: Images
) -> None:
    """See ``crops.crop_flip_resize``; arguments are checked."""
    height, width = out.shape[2:]
    for image, target, (x, y, across, down, mirrored) in zip(images, out, crops, strict=True):
        filters = taps.area(down, height), taps.area(across, width)
        for plane, result in zip(image, target, strict=True):
            resize(plane[y : y + down, x : x + across], result, *filters, None)
        if mirrored:
            target[...] = target[..., ::-1].copy()
