"""A matter that needs no network: a formula in place of the model, for tests and plumbing."""

from __future__ import annotations

from collections.abc import Callable

from streammat.types import Alpha, Frame

__all__ = ["FixedMatter"]


class FixedMatter:
    """A `FrameMatter` whose alpha is computed by a function of the frame.

    It keeps the protocol's order honest: a slot that is submitted twice, waited for without being
    submitted, or asked for the alpha of another frame than the prepared one is an AssertionError.

    Args:
        formula: the full-size alpha (H, W) uint16 of a frame.
        requests: as of the protocol; there are two slots more.
    """

    def __init__(self, formula: Callable[[Frame], Alpha], requests: int = 2) -> None:
        self.formula = formula
        self.requests = requests
        self.slots = range(requests + 2)
        self.closed = False
        self._prepared: dict[int, Frame] = {}
        self._submitted: set[int] = set()

    def prepare(self, frame: Frame, slot: int) -> None:
        """Remember the frame."""
        assert slot in self.slots, f"slot {slot} of {len(self.slots)}"
        assert slot not in self._submitted, f"slot {slot} is under way"
        self._prepared[slot] = frame

    def submit(self, slot: int) -> None:
        """Mark the slot as under way."""
        assert slot in self._prepared, f"slot {slot} is not prepared"
        assert slot not in self._submitted, f"slot {slot} is under way"
        self._submitted.add(slot)

    def wait(self, slot: int) -> None:
        """Mark the slot as done."""
        assert slot in self._submitted, f"slot {slot} was not submitted"
        self._submitted.remove(slot)

    def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
        """Write the formula's alpha into ``out``."""
        assert slot not in self._submitted, f"slot {slot} was not waited for"
        assert self._prepared[slot] is frame, "the slot holds another frame"
        out[:] = self.formula(frame)

    def describe(self) -> str:
        """``fixed``."""
        return "fixed"

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True
