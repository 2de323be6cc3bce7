"""Ctrl-C: the first asks the job to finish what it has, the second quits at once.

Whoever ends a job from outside sends SIGTERM or SIGHUP, often more than once: a closed terminal
does it itself, and so does its shell; managers of services and batches ask a whole group. None of
that is a person who cannot wait, so that only SIGINT counts as a second press, and not right after
another signal, with which it may have been sent along.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from streammat.cli.failure import EXIT_INTERRUPTED

__all__ = ["interruptible"]

_TOGETHER_SECONDS = 1.0


@contextmanager
def interruptible(
    say: Callable[[str], None], doing: str = "finishing the file"
) -> Iterator[threading.Event]:
    """An event that the first Ctrl-C (SIGINT), SIGTERM or SIGHUP sets; a second Ctrl-C interrupts.

    The job sees the event, finalises a playable ``NAME.partial.EXT`` and returns. Only the main
    thread may set signal handlers; elsewhere the event is never set.
    """
    cancel = threading.Event()
    presses, asked_otherwise = 0, -_TOGETHER_SECONDS
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def handle(number: int, frame: FrameType | None) -> None:
        del frame
        nonlocal presses, asked_otherwise
        if number != signal.SIGINT:
            asked_otherwise = time.monotonic()
        if presses and time.monotonic() - asked_otherwise < _TOGETHER_SECONDS:
            return
        presses += 1
        if presses == 2:
            raise KeyboardInterrupt  # the job removes its drafts on the way out
        if presses > 2:
            os._exit(EXIT_INTERRUPTED)
        cancel.set()
        with suppress(RuntimeError, OSError):  # in the middle of a write; a terminal that is gone
            say(f"{doing}; press Ctrl-C again to quit at once")

    before = {number: signal.signal(number, handle) for number in _signals()}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _signals() -> list[signal.Signals]:
    """Those that end a job; a closed terminal does not end what nohup has started."""
    found = [signal.SIGINT, signal.SIGTERM]
    hangup = getattr(signal, "SIGHUP", None)  # not on Windows
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        found.append(hangup)
    return found
