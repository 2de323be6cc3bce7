"""Keeps what a library prints off stdout, where results go."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["muted"]

_LOCK = threading.Lock()


@contextmanager
def muted() -> Iterator[None]:
    """What this thread writes to ``sys.stdout`` meanwhile is dropped; other threads' goes through.

    One thread at a time; the others wait. What C prints by itself is not reached.
    """
    with _LOCK:
        real: Any = sys.stdout
        stand_in: Any = _Muted(real)
        sys.stdout = stand_in
        try:
            yield
        finally:
            stand_in.thread = None  # whoever kept it in the meantime has the real one
            if sys.stdout is stand_in:
                sys.stdout = real


class _Muted:
    """A stream without what one thread writes."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.thread: int | None = threading.get_ident()

    def write(self, text: str) -> int:
        if threading.get_ident() == self.thread:
            return len(text)
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
