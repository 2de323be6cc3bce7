"""Where the time goes: wall and CPU seconds of every stage, and which stage holds the others up.

``time.thread_time`` sees only the calling thread. FFmpeg's and OpenVINO's own threads are added
by name where the system tells (see ``threads.py``), so that a stage's CPU time is all of its work.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter, thread_time
from typing import ParamSpec, TypeVar

__all__ = ["Limit", "Meter", "StageTimings", "limit_of", "merge", "pausing"]

P = ParamSpec("P")
R = TypeVar("R")

# Above this share of all cores' time the cores are the limit, not the wait for one serial stage.
CORES_ARE_BUSY = 0.85

_local = threading.local()


class Meter:
    """Counts one worker's work; only that worker's thread writes to it."""

    __slots__ = (
        "busy",
        "cpu",
        "frames",
        "paused",
        "wait_in",
        "wait_out",
        "warmup",
        "warmup_cpu",
    )

    def __init__(self) -> None:
        self.frames = 0
        self.busy = 0.0
        self.cpu = 0.0
        self.wait_in = 0.0
        self.wait_out = 0.0
        self.paused = 0.0
        self.warmup = 0.0
        self.warmup_cpu = 0.0

    def work(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``call`` and book it as work on one frame, less the time paused inside it."""
        _local.meter = self
        self.paused = 0.0
        wall, cpu = perf_counter(), thread_time()
        try:
            return call(*args, **kwargs)
        finally:
            spent, burnt = perf_counter() - wall - self.paused, thread_time() - cpu
            self.busy += spent
            self.cpu += burnt
            self.wait_out += self.paused
            if self.frames == 0:
                self.warmup += spent
                self.warmup_cpu += burnt

    def waiting_in(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``call`` (a get) and book it as waiting for input."""
        start = perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            self.wait_in += perf_counter() - start

    def waiting_out(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run ``call`` (a put, a turn) and book it as waiting for room downstream."""
        start = perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            self.wait_out += perf_counter() - start


@contextmanager
def pausing() -> Iterator[None]:
    """Time inside is not counted as work of the stage that runs in this thread."""
    start = perf_counter()
    try:
        yield
    finally:
        meter: Meter | None = getattr(_local, "meter", None)
        if meter is not None:
            meter.paused += perf_counter() - start


@dataclass(frozen=True, slots=True)
class StageTimings:
    """What one stage did.

    Attributes:
        name: decode, prepare, infer, refine, finish, encode.
        workers: threads that ran it.
        frames: frames that passed.
        busy_seconds: wall time at work, summed over the workers.
        cpu_seconds: CPU time of its threads, library threads included where they can be told.
        wait_in_seconds, wait_out_seconds: waiting for input, and for room or buffers downstream.
        warmup_seconds, warmup_cpu_seconds: of the above, on each worker's first frame, when kernels
            are loaded or compiled.
    """

    name: str
    workers: int
    frames: int
    busy_seconds: float
    cpu_seconds: float
    wait_in_seconds: float
    wait_out_seconds: float
    warmup_seconds: float = 0.0
    warmup_cpu_seconds: float = 0.0

    @property
    def steady_busy_seconds(self) -> float:
        """Wall time at work without each worker's first frame."""
        return self.busy_seconds - self.warmup_seconds

    @property
    def steady_cpu_seconds(self) -> float:
        """CPU time without each worker's first frame."""
        return self.cpu_seconds - self.warmup_cpu_seconds

    @property
    def steady_frames(self) -> int:
        """Frames without each worker's first one; 1 at least, to divide by."""
        return max(1, self.frames - self.workers)

    def plus(self, busy_seconds: float = 0.0, cpu_seconds: float = 0.0) -> StageTimings:
        """The same with more work booked on it."""
        return replace(
            self,
            busy_seconds=self.busy_seconds + busy_seconds,
            cpu_seconds=self.cpu_seconds + cpu_seconds,
        )


def merge(name: str, meters: Sequence[Meter]) -> StageTimings:
    """Sum the meters of a stage's workers."""
    return StageTimings(
        name=name,
        workers=len(meters),
        frames=sum(m.frames for m in meters),
        busy_seconds=sum(m.busy for m in meters),
        cpu_seconds=sum(m.cpu for m in meters),
        wait_in_seconds=sum(m.wait_in for m in meters),
        wait_out_seconds=sum(m.wait_out for m in meters),
        warmup_seconds=sum(m.warmup for m in meters),
        warmup_cpu_seconds=sum(m.warmup_cpu for m in meters),
    )


@dataclass(frozen=True, slots=True)
class Limit:
    """The stage that a job waits for, and its share, 0..1."""

    stage: str
    share: float


def limit_of(stages: Sequence[StageTimings], seconds: float, cores: int) -> Limit | None:
    """The stage that limits the speed.

    Where the cores are busy, that is the stage that takes most of the CPU time, with its share of
    it; else the stage that was at work for most of the time, with its share of the wall time. First
    frames do not count.

    Args:
        stages: of one run.
        seconds: wall time of the run, start-up left out.
        cores: cores that the run may use.
    """
    seen = [stage for stage in stages if stage.frames]
    if not seen or seconds <= 0:
        return None
    cpu = sum(stage.steady_cpu_seconds for stage in seen)
    if cpu > CORES_ARE_BUSY * cores * seconds:
        top = max(seen, key=lambda stage: stage.steady_cpu_seconds)
        return Limit(top.name, min(1.0, top.steady_cpu_seconds / cpu))
    top = max(seen, key=lambda stage: stage.steady_busy_seconds / stage.workers)
    return Limit(top.name, min(1.0, top.steady_busy_seconds / top.workers / seconds))
