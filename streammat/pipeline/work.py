"""What travels through the stages: one frame and what has been made of it so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from streammat.media.sink import Picture
from streammat.types import Alpha, Frame

__all__ = ["Background", "Work", "opaque"]

Background = Sequence[NDArray[Any]]  # planes


@dataclass(slots=True, eq=False)
class Work:
    """One frame's way; each stage fills in its part and gives back what it borrowed.

    Attributes:
        frame: the plate.
        slot: the matter's slot, from prepare to refine.
        alpha: borrowed from a pool, from refine to finish.
        cut: the temporal state was reset at this frame.
        backgrounds: one entry an output, None where it needs none or draws its own.
        pictures: one entry an output; None once handed to the encoder.
    """

    frame: Frame
    slot: int = -1
    alpha: Alpha | None = None
    cut: bool = False
    backgrounds: list[Background | None] = field(default_factory=list)
    pictures: list[Picture | None] = field(default_factory=list)


def opaque(frame: Frame) -> Frame:
    """The frame without the alpha plane that its source may carry: we find our own."""
    if not frame.layout.alpha:
        return frame
    return replace(frame, planes=frame.planes[:-1], layout=replace(frame.layout, alpha=False))
