"""Crops of a batch, mirrored and resized in one go, as training takes its samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, takes_any_array
from ..errors import ShapeError

__all__ = ["Crop", "crop_flip_resize"]

Images = NDArray[np.float32]
Crop = tuple[int, int, int, int, bool]
"""x, y, width, height in pixels, and whether left and right change places."""


@takes_any_array
def crop_flip_resize(images: Images, crops: Sequence[Crop], out: Images) -> Images:
    """Cut one rectangle out of each image, mirror it where asked, and bring all to one size.

    The filter is ``resize.area``'s: along each axis a true area average where the crop is larger
    than the output, linear interpolation with repeated ends where it is smaller.

    Args:
        images: (N, C, H, W) float32, contiguous, any range.
        crops: N of (x, y, width, height, mirrored) in host memory, each within the image.
        out: (N, C, h, w) float32, contiguous, filled; not ``images``.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays that do not belong together, a crop that leaves its image.
    """
    for name, array in (("images", images), ("out", out)):
        fits = array.ndim == 4 and 0 not in array.shape and array.dtype == np.float32
        if not fits or not array.flags.c_contiguous:
            raise ShapeError(
                f"{name} is {array.dtype} {array.shape}; contiguous float32 (N, C, H, W)"
            )
    if out.shape[:2] != images.shape[:2] or len(crops) != len(images):
        raise ShapeError(
            f"{len(crops)} crops of images {images.shape} into out {out.shape}; N, C of both and "
            "the number of crops have to agree"
        )
    height, width = images.shape[2:]
    for number, (x, y, across, down, _) in enumerate(crops):
        if not (0 <= x < x + across <= width and 0 <= y < y + down <= height):
            raise ShapeError(
                f"crop {number} is {across}x{down} at {x},{y}; it has to lie in {width}x{height}"
            )
    backend(__name__, images).crop_flip_resize(images, crops, out)
    return out
