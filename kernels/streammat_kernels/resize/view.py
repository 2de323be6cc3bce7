"""What every backend of the network's view shares: its matrix and where its chroma comes from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..colour.matrices import to_rgb_terms
from ..layout import Colour, Family, PixelLayout, Siting

__all__ = ["chroma_axes", "view_matrix"]

_YUV = {Family.PLANAR, Family.SEMIPLANAR}
AxisKey = tuple[int, int, int, bool]


def chroma_axes(
    height: int, width: int, content: tuple[int, int], layout: PixelLayout, siting: Siting
) -> tuple[AxisKey, AxisKey]:
    """Arguments of ``taps.area_of_chroma`` for rows and columns."""
    down, across = siting is Siting.TOPLEFT, siting is not Siting.CENTER
    return (
        (height, content[0], layout.chroma_y, down),
        (width, content[1], layout.chroma_x, across),
    )


def view_matrix(layout: PixelLayout, colour: Colour) -> NDArray[np.float32]:
    """(3, 4): R'G'B' 0..255 from three stored values and 1; undoing the shift is part of it."""
    terms = to_rgb_terms(layout, colour, 255.0)
    matrix = np.zeros((3, 4))
    if layout.family is Family.RGB:
        matrix[:, :3] = np.eye(3) * terms.y_scale
    else:
        matrix[:, 0] = terms.y_scale
        matrix[:, 1:3] = [[0.0, terms.r_v], [-terms.g_u, -terms.g_v], [terms.b_u, 0.0]]
    matrix[:, 3] = -terms.black * terms.y_scale
    if layout.family in _YUV:
        matrix[:, 3] -= matrix[:, 1:3].sum(axis=1) * terms.neutral
    matrix[:, :3] /= 1 << layout.shift
    return matrix.astype(np.float32)
