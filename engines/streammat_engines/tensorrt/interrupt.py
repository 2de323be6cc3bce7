"""Ctrl-C while a builder works: an exception inside its C++ would end as a failed build."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["interruptible"]


@contextmanager
def interruptible() -> Iterator[Callable[[], bool]]:
    """Note a Ctrl-C instead of raising it; gives a function that says whether there was one.

    At the end the handler that was there before gets it. In another thread than the main one
    nothing changes, because signals never reach it; nor where Ctrl-C is ignored, as ``nohup`` and a
    shell's background jobs have it.

    Raises:
        KeyboardInterrupt: at the end, when there was one.
    """
    came: list[int] = []
    before: Any = signal.getsignal(signal.SIGINT)
    elsewhere = threading.current_thread() is not threading.main_thread()
    if elsewhere or before in {None, signal.SIG_IGN}:
        yield lambda: False
        return
    signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield lambda: bool(came)
    finally:
        signal.signal(signal.SIGINT, before)
        if came:
            signal.raise_signal(signal.SIGINT)
            raise KeyboardInterrupt
