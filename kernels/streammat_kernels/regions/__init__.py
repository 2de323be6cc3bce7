"""Regions around an alpha: trimap, and the supports of GFM's representations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from .ellipse import ellipse_chords

__all__ = ["sampled_levels"]

MAX_ELEMENT_PX = 126  # half of it has to fit a 64-bit word
_WORD_BITS = 64


def sampled_levels(
    alpha: NDArray[np.uint8],
    rows: NDArray[np.int32],
    columns: NDArray[np.int32],
    *,
    trimap_px: int = 25,
    rosta_px: int = 50,
) -> NDArray[np.uint8]:
    """Alpha, trimap, dilation and erosion at some rows and columns of a picture.

    The trimap is 255 where an ellipse of ``trimap_px`` around the pixel is opaque throughout, 128
    where it meets any alpha, else 0. The dilation is 255 where an ellipse of ``rosta_px`` meets any
    alpha, the erosion where it is opaque throughout. Ellipses are OpenCV's; beyond the picture
    nothing counts, for or against. Kernel sizes of GFM (Li et al., IJCV 2021): 25 and 50.

    Args:
        alpha: (H, W) uint8, 255 = opaque, C-contiguous.
        rows, columns: (t,) and (n,) int32 places in the picture, each ascending, at least one.
        trimap_px, rosta_px: 1..126 px.

    Returns:
        (4, t, n) uint8.

    Raises:
        ShapeError: an element of another size.
    """
    from . import cpu

    for name, value in (("trimap_px", trimap_px), ("rosta_px", rosta_px)):
        if not 1 <= value <= MAX_ELEMENT_PX:
            raise ShapeError(f"{name} is {value}: it must be 1..{MAX_ELEMENT_PX}")
    radius = max(trimap_px, rosta_px) // 2
    left, first = int(columns[0]) - radius, max(int(rows[0]) - radius, 0)
    end = min(int(rows[-1]) + 1 + radius, alpha.shape[0])
    words = -(-(int(columns[-1]) + 1 + radius - left) // _WORD_BITS)
    packed = np.empty((2, end - first, words), np.uint64)
    for solid in (0, 1):
        cpu.pack_rows(alpha, (first, left), bool(solid), packed[solid])
    targets = np.full(end - first, -1, np.int32)
    targets[rows - first] = np.arange(rows.size, dtype=np.int32)
    trimap, rosta = (_dilated(packed, px, targets, rows.size) for px in (trimap_px, rosta_px))
    everywhere = np.full_like(rosta[0], np.iinfo(np.uint64).max)
    out = np.empty((4, rows.size, columns.size), np.uint8)
    out[0] = alpha[rows[:, None], columns]
    for number, (some, not_solid, middle) in enumerate(
        ((*trimap, 128), (rosta[0], everywhere, 255), (rosta[0], rosta[1], 0)), 1
    ):
        cpu.labels_at(some, not_solid, columns, left, middle, out[number])
    return out


def _dilated(
    packed: NDArray[np.uint64], size_px: int, targets: NDArray[np.int32], rows: int
) -> NDArray[np.uint64]:
    """(2, rows, words): where there is some alpha, and where it is not opaque, both dilated."""
    from . import cpu

    chords = ellipse_chords(size_px)
    narrow_first = chords[np.argsort(chords[:, 2] - chords[:, 1], kind="stable")]
    out = np.zeros((2, rows, packed.shape[2]), np.uint64)
    for part in range(2):
        cpu.dilate_words(packed[part], narrow_first, targets, out[part])
    return out
