"""What the pipeline needs of a matting model: several frames under way, one slot each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from streammat.types import Alpha, Frame

__all__ = ["FrameMatter"]


class FrameMatter(Protocol):
    """Turns plates into alphas, several at a time.

    A slot is a number that stands for one frame's buffers. Per slot the calls go
    ``prepare -> submit -> wait -> alpha`` and round again; different slots may be in different
    calls on different threads at the same time. Order is the caller's business.
    """

    @property
    def requests(self) -> int:
        """Frames that the network computes at the same time."""

    @property
    def slots(self) -> Sequence[int]:
        """All slots: somewhat more than ``requests``, so that preparing overlaps computing."""

    def prepare(self, frame: Frame, slot: int) -> None:
        """Fill the slot's network input from ``frame``; a new frame size takes effect here."""

    def submit(self, slot: int) -> None:
        """Start the network on a prepared slot and return at once."""

    def wait(self, slot: int) -> None:
        """Block until the slot's outputs are there."""

    def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
        """Full-size alpha (H, W) uint16 of the frame that was prepared, from the slot's outputs.

        Not from two threads at once.
        """

    def describe(self) -> str:
        """Model and size for the last line, e.g. ``gfm_lite0_tt 512x288``."""

    def close(self) -> None:
        """Free the network; may be called again."""
