"""How finely light is tabulated for compositing."""

from __future__ import annotations

from ..layout import PixelLayout

__all__ = ["table_bits"]


def table_bits(layout: PixelLayout) -> int:
    """Bits of the index into the table of light: four more than the samples have, 16 at most."""
    return min(layout.bits + 4, 16)
