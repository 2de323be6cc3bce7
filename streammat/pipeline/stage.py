"""What a stage is: a name and a function of one item; everything else is the runner's."""

from __future__ import annotations

from threading import Condition
from typing import Protocol, TypeVar

from .queue import Stopped

__all__ = ["Stage", "Turns"]

InT_contra = TypeVar("InT_contra", contravariant=True)
OutT_co = TypeVar("OutT_co", covariant=True)


class Stage(Protocol[InT_contra, OutT_co]):
    """One step of a frame's way.

    ``process`` of a serial stage is called for the items in order, always from the same thread.
    With several workers it is called from several threads at once; results keep the order.
    """

    @property
    def name(self) -> str:
        """For reports: decode, prepare, infer, refine, finish, encode."""

    def process(self, item: InT_contra) -> OutT_co:
        """Do the step; whatever it raises ends the whole pipeline."""


class Turns:
    """Lets the workers of a parallel stage hand on their results in the order of the items."""

    def __init__(self) -> None:
        self._change = Condition()
        self._next_in = 0
        self._next_out = 0
        self._aborted = False

    def draw(self) -> int:
        """The number of the item being taken; call it under the lock that guards the input."""
        number = self._next_in
        self._next_in += 1
        return number

    def wait(self, number: int) -> None:
        """Block until every earlier number is done; ``Stopped`` on abort."""
        with self._change:
            while self._next_out != number and not self._aborted:
                self._change.wait()
            if self._aborted:
                raise Stopped

    def done(self) -> None:
        """The current number has handed on its result."""
        with self._change:
            self._next_out += 1
            self._change.notify_all()

    def abort(self) -> None:
        """Wake everybody with ``Stopped``."""
        with self._change:
            self._aborted = True
            self._change.notify_all()
