"""How large a network's second look is, the one from farther off."""

from __future__ import annotations

from .psp import STRIDE_PX

__all__ = ["farther_size", "looks_in_words"]

_FARTHER_SIDE = 0.5  # of the first look's: cheap, and little is lost without a low-pass filter
_LEAST_SIDE_PX = 96  # below it a network sees nothing


def farther_size(height: int, width: int) -> tuple[int, int] | None:
    """Height and width in pixels of the second look at an input of ``height`` x ``width``.

    Half the sides, in multiples of 32, so that the two may differ a little in aspect; None where a
    side would be below 96 pixels.
    """
    scale = _FARTHER_SIDE / STRIDE_PX
    farther = (STRIDE_PX * round(height * scale), STRIDE_PX * round(width * scale))
    return farther if min(farther) >= _LEAST_SIDE_PX else None


def looks_in_words(height: int, width: int, *, second_glance: bool) -> str:
    """``512x288``, or with a second look ``512x288+256x128``."""
    farther = farther_size(height, width) if second_glance else None
    sizes = [(height, width)] if farther is None else [(height, width), farther]
    return "+".join(f"{w}x{h}" for h, w in sizes)
