"""Threads that carry their stage's name, so that the system can say whose CPU time it was.

On Linux a new thread inherits its creator's name. FFmpeg's, x264's and OpenVINO's workers start
under the name of the stage that opened the codec or the model (FFmpeg's decoders then rename
themselves to ``av:<codec>:d..``), and ``/proc/self/task`` lists the CPU time by name.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["LibraryCpu", "name_thread", "thread_named"]

_PREFIX = "sm-"
_TASKS = Path("/proc/self/task")
_SET_NAME = 15  # PR_SET_NAME of prctl(2)


@cache
def _libc() -> Any:
    if sys.platform != "linux":
        return None
    try:
        return ctypes.CDLL(None)
    except OSError:  # a static interpreter: stage names are a convenience, not a need
        return None


def name_thread(stage: str) -> None:
    """Give the calling thread the stage's name, as far as the system can hold it (15 bytes)."""
    if (libc := _libc()) is not None:
        libc.prctl(_SET_NAME, (_PREFIX + stage).encode()[:15], 0, 0, 0)


@contextmanager
def thread_named(stage: str) -> Iterator[None]:
    """Threads that are started inside inherit the stage's name."""
    before = _own_name()
    name_thread(stage)
    try:
        yield
    finally:
        if before and (libc := _libc()) is not None:
            libc.prctl(_SET_NAME, before.encode()[:15], 0, 0, 0)


class LibraryCpu:
    """CPU time of the threads that libraries started for the stages, sampled while they live.

    A thread that ends between two samples takes at most that much unseen time with it. Where the
    system does not tell (no ``/proc``), everything is empty.
    """

    def __init__(self) -> None:
        self._before = self._read(set())
        self._seen: dict[int, tuple[str, float]] = {}

    def sample(self, own: set[int]) -> None:
        """Look at all threads but ``own``, the native ids of those that count their own time."""
        self._seen.update(self._read(own))

    def by_stage(self) -> dict[str, float]:
        """Stage to CPU seconds since this object was made."""
        totals: defaultdict[str, float] = defaultdict(float)
        for thread, (stage, seconds) in self._seen.items():
            totals[stage] += seconds - self._before.get(thread, ("", 0.0))[1]
        return dict(totals)

    @staticmethod
    def _read(own: set[int]) -> dict[int, tuple[str, float]]:
        if sys.platform != "linux" or not _TASKS.is_dir():
            return {}
        tick = os.sysconf("SC_CLK_TCK")
        found = {}
        for task in _TASKS.iterdir():
            if int(task.name) in own:
                continue
            try:
                name, _, fields = (task / "stat").read_text().partition("(")[2].rpartition(")")
            except OSError:  # the thread has just ended
                continue
            if stage := _stage_of(name):
                user, system = fields.split()[11:13]
                found[int(task.name)] = stage, (int(user) + int(system)) / tick
        return found


def _stage_of(name: str) -> str:
    if name.startswith(_PREFIX):
        return name.removeprefix(_PREFIX)
    parts = name.split(":")  # FFmpeg: av:h264:df0 decodes, av:prores:ef1 encodes
    if parts[0] == "av" and len(parts) == 3:
        return {"d": "decode", "e": "encode"}.get(parts[2][:1], "")
    return ""


def _own_name() -> str:
    try:
        return Path(f"/proc/self/task/{threading.get_native_id()}/comm").read_text().strip()
    except OSError:
        return ""
