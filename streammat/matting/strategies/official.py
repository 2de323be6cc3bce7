"""The released test code of GFM, number for number, with the library versions that it pins.

Its pictures are shrunk as scikit-image 0.17.2 does it (see `resample`); in its sample mode a
picture whose shorter side exceeds 1080 pixels is first shrunk to that, and so is the result.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from streammat.errors import InputError
from streammat.matting.strategies.network import NetworkPass, StillMaps
from streammat.matting.strategies.published import hybrid, resize
from streammat.matting.strategies.resample import shrink_bytes

__all__ = ["SAMPLE_SIDE_PX", "TestChoice", "official", "sample_size", "shrink_sample"]

SAMPLE_SIDE_PX = 1080
_FRACTION = 11  # bits of the weights of OpenCV's linear 8-bit resize

TestChoice = Literal["hybrid", "resize"]


def official(
    network: NetworkPass,
    rgb: NDArray[np.uint8],
    *,
    choice: TestChoice = "hybrid",
    sample_mode: bool = False,
) -> StillMaps:
    """Glance, focus and alpha as the released test code makes them.

    Args:
        network: the passes are its.
        rgb: (H, W, 3) uint8, sides of at least 96 (hybrid) or 64 (resize) pixels.
        choice: its ``test_choice``.
        sample_mode: shrink to a shorter side of 1080 first; False is its data-set mode.

    Returns:
        Maps of (H, W), in sample mode of `sample_size`.

    Raises:
        InputError: ``rgb`` is not uint8, or a side is too short.
    """
    if rgb.dtype != np.uint8:
        raise InputError(f"strategy official works on 8 bits, not {rgb.dtype}: use hybrid")
    if sample_mode:
        rgb = shrink_sample(rgb)
    return (hybrid if choice == "hybrid" else resize)(network, rgb, shrink=shrink_bytes)


def sample_size(height: int, width: int) -> tuple[int, int]:
    """Rows and columns after sample mode's shrinking."""
    shorter = min(height, width)
    if shorter <= SAMPLE_SIDE_PX:
        return height, width
    if height >= width:
        return int(SAMPLE_SIDE_PX * height / width), SAMPLE_SIDE_PX
    return SAMPLE_SIDE_PX, int(SAMPLE_SIDE_PX * width / height)


def shrink_sample(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``rgb`` at `sample_size`, as OpenCV's linear resize has it (no blur before shrinking)."""
    height, width = rgb.shape[:2]
    rows, columns = sample_size(height, width)
    if (rows, columns) == (height, width):
        return rgb
    x0, x1, x_weight = _neighbours(width, columns)
    y0, y1, y_weight = _neighbours(height, rows)
    out = np.empty((rows, columns, rgb.shape[2]), np.uint8)
    for row in range(rows):
        above, below = (
            line[x0] * (2048 - x_weight)[:, None] + line[x1] * x_weight[:, None]
            for line in (rgb[y0[row]].astype(np.int32), rgb[y1[row]].astype(np.int32))
        )
        weight = int(y_weight[row])
        # OpenCV's vector code drops four bits before and sixteen after the product.
        mixed = ((2048 - weight) * (above >> 4) >> 16) + (weight * (below >> 4) >> 16)
        out[row] = (mixed + 2) >> 2
    return out


def _neighbours(
    length: int, out: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.int32]]:
    """For every output sample its two neighbours and the second one's weight of 2048."""
    position = ((np.arange(out) + 0.5) * (length / out) - 0.5).astype(np.float32)
    first = np.floor(position).astype(np.intp)
    share = position - first.astype(np.float32)
    weight = np.rint(share * np.float32(1 << _FRACTION)).astype(np.int32)
    return np.clip(first, 0, length - 1), np.clip(first + 1, 0, length - 1), weight
