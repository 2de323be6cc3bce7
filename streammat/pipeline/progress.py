"""How far a job is, for progress lines and JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["OnProgress", "Progress", "SpeedGauge"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A job's state at one moment.

    Attributes:
        frame: frames that are encoded in every output.
        total: frames expected, None when the source does not say.
        fps: frames per second over the last seconds.
        eta_seconds: time left at this speed, None when unknown.
        slowest: name of the stage that holds the others up, "" before the first frames.
        elapsed_seconds: since the job began, loading included.
    """

    frame: int
    total: int | None
    fps: float
    eta_seconds: float | None
    slowest: str
    elapsed_seconds: float


OnProgress = Callable[[Progress], None]


class SpeedGauge:
    """Frames per second over a sliding window, so that a slow start does not spoil the estimate."""

    WINDOW_SECONDS = 5.0

    def __init__(self) -> None:
        self._marks: list[tuple[float, int]] = []

    def fps(self, now: float, frame: int) -> float:
        """Note that ``frame`` frames were done at ``now`` (seconds); 0 until two marks differ."""
        self._marks.append((now, frame))
        while len(self._marks) > 2 and self._marks[1][0] <= now - self.WINDOW_SECONDS:
            self._marks.pop(0)
        start, first = self._marks[0]
        return (frame - first) / (now - start) if now > start and frame > first else 0.0


def eta(frame: int, total: int | None, fps: float) -> float | None:
    """Seconds left, None when the total or the speed is unknown."""
    if total is None or fps <= 0:
        return None
    return max(0, total - frame) / fps
