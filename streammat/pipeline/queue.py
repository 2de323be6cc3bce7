"""Bounded queues and pools between the stages: they block, they end, and they never deadlock.

A queue ends in one of two ways. ``close`` is the normal end: what is inside is still handed out,
then ``get`` raises ``Drained``. ``abort`` is the end by an error: everybody who waits, or comes
later, gets ``Stopped`` at once. Both can be called from any thread, any number of times.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from threading import Condition
from typing import Generic, TypeVar

from .timings import pausing

__all__ = ["BoundedQueue", "Drained", "Pool", "Stopped"]

T = TypeVar("T")


class Drained(Exception):
    """The queue was closed and everything in it has been taken."""


class Stopped(Exception):
    """The pipeline is being torn down; the thread that gets this returns."""


class BoundedQueue(Generic[T]):
    """A first-in first-out queue of at most ``depth`` items.

    Args:
        depth: 1 or more; ``put`` blocks when that many wait.
    """

    def __init__(self, depth: int) -> None:
        if depth < 1:
            raise ValueError(f"queue depth {depth}: 1 or more is needed")
        self._depth = depth
        self._items: deque[T] = deque()
        self._change = Condition()
        self._closed = False
        self._aborted = False

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: T) -> None:
        """Append ``item``, waiting for room; ``Stopped`` after an abort."""
        with self._change:
            while len(self._items) >= self._depth and not self._aborted:
                self._change.wait()
            if self._aborted:
                raise Stopped
            if self._closed:
                raise RuntimeError("an item was put into a closed queue")
            self._items.append(item)
            self._change.notify_all()

    def get(self) -> T:
        """Take the oldest item, waiting for one; ``Drained`` at the end, ``Stopped`` on abort."""
        with self._change:
            while not self._items and not self._closed and not self._aborted:
                self._change.wait()
            if self._aborted:
                raise Stopped
            if not self._items:
                raise Drained
            item = self._items.popleft()
            self._change.notify_all()
            return item

    def close(self) -> None:
        """No more items will come."""
        with self._change:
            self._closed = True
            self._change.notify_all()

    def abort(self) -> None:
        """Throw away what is inside and wake everybody with ``Stopped``."""
        with self._change:
            self._aborted = True
            self._items.clear()
            self._change.notify_all()


class Pool(Generic[T]):
    """Things that are used again and again: network slots, alpha buffers, workspaces.

    Time spent waiting in ``take`` is booked as waiting, not as work, of the stage that waits.
    """

    def __init__(self, items: Iterable[T]) -> None:
        self._free = list(items)
        self._size = len(self._free)
        self._change = Condition()
        self._aborted = False

    def __len__(self) -> int:
        return self._size

    def take(self) -> T:
        """A free item, waiting for one; ``Stopped`` after an abort."""
        with self._change:
            if not self._free and not self._aborted:
                with pausing():
                    self._change.wait_for(lambda: bool(self._free) or self._aborted)
            if self._aborted:
                raise Stopped
            return self._free.pop()

    def give(self, item: T) -> None:
        """Hand ``item`` back."""
        with self._change:
            self._free.append(item)
            self._change.notify()

    def abort(self) -> None:
        """Wake everybody with ``Stopped``."""
        with self._change:
            self._aborted = True
            self._change.notify_all()
