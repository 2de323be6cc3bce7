"""Time stamps as a muxer needs them: present and rising; otherwise exactly as demuxed."""

from __future__ import annotations

from fractions import Fraction


class RisingPts:
    """Repairs only what no container could hold: a missing stamp, or one that does not rise.

    Negative stamps are left alone (the muxer shifts all streams together).

    Args:
        step: usual distance of two frames in units of the stream's time base, 1 or more.
    """

    def __init__(self, step: int) -> None:
        self.repaired = 0
        self._step = max(1, step)
        self._last: int | None = None

    def __call__(self, pts: int | None, fallback: int | None = None) -> int:
        """The stamp of the next frame in display order.

        Args:
            pts: presentation stamp, None when the stream has none.
            fallback: decoding stamp, used when ``pts`` is missing.
        """
        stamp = pts if pts is not None else fallback
        if stamp is None:
            stamp = 0 if self._last is None else self._last + self._step
            self.repaired += 1
        elif self._last is not None and stamp <= self._last:
            stamp = self._last + 1
            self.repaired += 1
        self._last = stamp
        return stamp


def step_of(rate: Fraction | None, time_base: Fraction) -> int:
    """Units of ``time_base`` between two frames at ``rate``; 1 when the rate is unknown."""
    if rate is None or rate <= 0:
        return 1
    return max(1, round(1 / (rate * time_base)))
