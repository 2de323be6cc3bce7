"""The definition of cropping, mirroring and resizing a batch, in NumPy float64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..resize.reference import area

__all__ = ["crop_flip_resize"]


def crop_flip_resize(
    images: NDArray[Any], crops: Sequence[tuple[int, int, int, int, bool]], size: tuple[int, int]
) -> NDArray[np.float64]:
    """(N, C, h, w), see ``crops.crop_flip_resize``."""
    samples = []
    for image, (x, y, across, down, mirrored) in zip(images, crops, strict=True):
        crop = image[:, y : y + down, x : x + across]
        crop = crop[..., ::-1] if mirrored else crop
        samples.append(np.stack([area(channel, *size) for channel in crop]))
    return np.stack(samples)
