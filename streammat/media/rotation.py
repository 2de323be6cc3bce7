"""Turn a stored picture upright: planes, layout, chroma position and sample aspect together."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any, cast

import numpy as np

from streammat.types import Plane
from streammat_kernels.layout import Colour, PixelLayout, Siting


def quarter_turns(degrees: float) -> int:
    """Counter-clockwise quarter turns (0..3) nearest to a display-matrix angle in degrees."""
    return round(degrees / 90.0) % 4


def upright_planes(planes: tuple[Plane, ...], turns: int) -> tuple[Plane, ...]:
    """Planes turned counter-clockwise by ``turns`` quarters; the same arrays for 0."""
    if turns == 0:
        return planes
    return tuple(_turned(plane, turns) for plane in planes)


def _turned(plane: Plane, turns: int) -> Plane:
    turned: Any = np.ascontiguousarray(np.rot90(plane, turns))
    return cast("Plane", turned)


def upright_layout(layout: PixelLayout, turns: int) -> PixelLayout:
    """A sideways picture swaps horizontal and vertical chroma subsampling."""
    if turns % 2 == 0:
        return layout
    return replace(layout, chroma_x=layout.chroma_y, chroma_y=layout.chroma_x)


def upright_colour(colour: Colour, layout: PixelLayout, turns: int) -> Colour:
    """Chroma that was co-sited on the left lies on another side now.

    None of the named positions says "right", "top" or "bottom"; centred is the nearest
    (half a luma sample off in one direction).
    """
    if turns == 0 or (layout.chroma_x == 1 and layout.chroma_y == 1):
        return colour
    return replace(colour, siting=Siting.CENTER)


def upright_aspect(sample_aspect: Fraction, turns: int) -> Fraction:
    """Sample aspect (width : height) of the upright picture."""
    return 1 / sample_aspect if turns % 2 else sample_aspect
