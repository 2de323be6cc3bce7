"""Which planes of two layouts mean the same, on which grid, and how their codes map."""

from __future__ import annotations

from ..layout import Colour, Family, PixelLayout
from .matrices import code_range
from .reference import cosited

__all__ = ["code_map", "cosited", "same_components", "same_grid"]


def same_components(
    layout: PixelLayout, colour: Colour, to_layout: PixelLayout, to_colour: Colour
) -> bool:
    """Whether planes mean the same components: RGB both, or luma of the same matrix both."""
    families = {layout.family, to_layout.family}
    if Family.RGB in families:
        return families == {Family.RGB}
    return Family.GRAY in families or colour.matrix is to_colour.matrix


def code_map(
    layout: PixelLayout, colour: Colour, to_layout: PixelLayout, to_colour: Colour, *, chroma: bool
) -> tuple[float, float]:
    """Gain and offset from codes (shift undone) to codes."""
    zero, span = code_range(layout, colour)[2:] if chroma else code_range(layout, colour)[:2]
    to_range = code_range(to_layout, to_colour)
    to_zero, to_span = to_range[2:] if chroma else to_range[:2]
    gain = to_span / span
    return gain, to_zero - zero * gain


def same_grid(
    layout: PixelLayout, colour: Colour, to_layout: PixelLayout, to_colour: Colour
) -> bool:
    """Whether chroma samples lie at the same places."""
    if (layout.chroma_x, layout.chroma_y) != (to_layout.chroma_x, to_layout.chroma_y):
        return False
    here, there = cosited(colour), cosited(to_colour)
    across = layout.chroma_x == 1 or here[0] == there[0]
    return across and (layout.chroma_y == 1 or here[1] == there[1])
