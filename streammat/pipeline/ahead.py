"""Compiles a job's kernels before its first frame: here, and on a second core in a helper process.

Numba compiles one kernel at a time in a process, so two processes share the work: this one takes
parts from the front, the helper from the end, and leaves what it compiled in the cache on disk.
Nothing is started while every kernel comes from the cache: the helper follows the first miss.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, cast

from .rehearsal import Part
from .threads import name_thread

__all__ = ["CompileAhead"]

POLL_SECONDS = 0.05
SLOW_SECONDS = 1.0
HELPER = "streammat.pipeline.compile_helper"

_performed: set[Part] = set()  # in this process, where a kernel is compiled or loaded once


class _Stopped(Exception):
    """Nobody needs the kernels any more."""


class CompileAhead:
    """Rehearses parts on a thread while the caller opens the network; a context manager.

    What fails here is left to the job, which meets it again where it can be told.

    Args:
        parts: in the order in which they are needed.
        cores: of the machine for this job; a helper needs a second one.
    """

    def __init__(self, parts: Sequence[Part], cores: int) -> None:
        self._parts = deque(part for part in parts if part not in _performed)
        self._cores = cores
        self._stopped = False
        self._helper: subprocess.Popen[bytes] | None = None
        self._feeder: threading.Thread | None = None
        self._thread = threading.Thread(target=self._rehearse, name="kernels", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, notify: Callable[[str], None], cancel: threading.Event | None = None) -> None:
        """Return when every part is done, here or by the helper, or ``cancel`` is set.

        Args:
            notify: told once when this takes more than a second.
        """
        start, told = time.perf_counter(), False
        while (thread := self._working()) is not None:
            if cancel is not None and cancel.is_set():
                return
            if not told and time.perf_counter() - start > SLOW_SECONDS:
                told = True
                notify("compiling kernels (once on this machine)")
            thread.join(POLL_SECONDS)

    def close(self) -> None:
        """End both threads and the helper; may be called again."""
        self._stopped = True
        self._parts.clear()
        while (thread := self._working()) is not None:
            if self._helper is not None:
                self._helper.kill()
            thread.join(POLL_SECONDS)

    def _working(self) -> threading.Thread | None:
        """A thread that is not done; ours first, because it may start the other."""
        for thread in (self._thread, self._feeder):
            if thread is not None and thread.is_alive():
                return thread
        return None

    def _rehearse(self) -> None:
        name_thread("kernels")
        events, listener = _on_compile(self._compiling)
        events.register("numba:compile", listener)
        try:
            while self._parts:
                with suppress(IndexError):  # the helper took the last one
                    part = self._parts.popleft()
                    part.perform()
                    _performed.add(part)
        except Exception:
            self._parts.clear()
        finally:
            events.unregister("numba:compile", listener)

    def _compiling(self) -> None:
        """A kernel is not in the cache."""
        if threading.current_thread() is not self._thread:
            return  # another job's
        if self._stopped:
            raise _Stopped
        if self._feeder is None and self._parts and self._cores > 1 and _can_help():
            self._feeder = threading.Thread(target=self._feed, name="kernels helper", daemon=True)
            self._feeder.start()

    def _feed(self) -> None:
        """Start the helper and hand it one part after the other; a helper that fails is let go."""
        with suppress(OSError), _start_helper() as helper:
            self._helper = helper
            given, taken = cast(Any, helper.stdin), cast(Any, helper.stdout)
            while not self._stopped:
                try:
                    part = self._parts.pop()
                except IndexError:
                    break
                pickle.dump(part, given)
                given.flush()
                if not taken.readline():  # it has ended
                    break
            helper.kill()


def _on_compile(call: Callable[[], None]) -> tuple[Any, Any]:
    """Numba's events, and a listener that calls when a compilation starts (a load is none)."""
    from numba.core import event as events

    class OnCompile(events.Listener):
        def on_start(self, event: events.Event) -> None:
            del event
            call()

        def on_end(self, event: events.Event) -> None:
            del event

    return events, OnCompile()


def _can_help() -> bool:
    """A frozen program has no interpreter to start."""
    return bool(sys.executable) and not getattr(sys, "frozen", False)


def _start_helper() -> subprocess.Popen[bytes]:
    """The helper sees the same packages; it ends when its input does, so it never stays behind."""
    places = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
    return subprocess.Popen(
        [sys.executable, "-P", "-m", HELPER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": places},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
