"""Which part of a clip is wanted: --start, --end, --frames, --limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from streammat.errors import ConfigError

_CLOCK = re.compile(r"^(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d+)?)$")
_RANGE = re.compile(r"^(\d+)?-(\d+)?$")


@dataclass(frozen=True, slots=True)
class Selection:
    """The wanted part.

    Attributes:
        start_seconds: first moment on the source's clock, inclusive; None = from the beginning.
        end_seconds: exclusive; None = to the end.
        first_frame, last_frame: 0-based, inclusive; None = open.
        limit: at most this many frames.
    """

    start_seconds: Fraction | None = None
    end_seconds: Fraction | None = None
    first_frame: int | None = None
    last_frame: int | None = None
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """Nothing is left out."""
        return self == Selection()

    @property
    def begins_later(self) -> bool:
        """The output does not begin where the source begins."""
        return bool(self.start_seconds) or bool(self.first_frame)

    @property
    def limits_end(self) -> bool:
        """The output may end before the source ends."""
        return not (self.end_seconds is None and self.last_frame is None and self.limit is None)

    @property
    def frame_limit(self) -> int | None:
        """How many frames can be delivered at most."""
        limits = [] if self.limit is None else [self.limit]
        if self.last_frame is not None:
            limits.append(self.last_frame - (self.first_frame or 0) + 1)
        return min(limits) if limits else None


def parse_clock(text: str, name: str) -> Fraction:
    """Seconds from ``12.5``, ``M:SS`` or ``H:MM:SS[.mmm]``.

    Raises:
        ConfigError: not a time.
    """
    match = _CLOCK.match(text.strip())
    if match is None:
        raise ConfigError(f"--{name} {text}: not a time; give seconds or H:MM:SS[.mmm]")
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + Fraction(seconds)


def parse_selection(
    start: str | float | None = None,
    end: str | float | None = None,
    frames: str | None = None,
    limit: int | None = None,
) -> Selection:
    """Check and combine the four settings.

    Args:
        start, end: seconds or ``H:MM:SS[.mmm]``.
        frames: ``A-B``, 0-based and inclusive; either end may be left out; one number = one frame.
        limit: at most this many frames, 1 or more.

    Raises:
        ConfigError: malformed or empty.
    """
    begin = None if start is None else parse_clock(str(start), "start")
    stop = None if end is None else parse_clock(str(end), "end")
    if stop is not None and stop <= (begin or 0):
        raise ConfigError(f"--end {end}: not after --start {start or 0}; nothing would be left")
    if limit is not None and limit < 1:
        raise ConfigError(f"--limit {limit}: give 1 or more")
    first, last = (None, None) if frames is None else _parse_range(frames)
    return Selection(begin, stop, first, last, limit)


def _parse_range(text: str) -> tuple[int | None, int | None]:
    stripped = text.strip()
    if stripped.isdigit():
        return int(stripped), int(stripped)
    match = _RANGE.match(stripped)
    if match is None or stripped == "-":
        raise ConfigError(f"--frames {text}: give FIRST-LAST, for example 100-200 (0-based)")
    first, last = (None if part is None else int(part) for part in match.groups())
    if first is not None and last is not None and last < first:
        raise ConfigError(f"--frames {text}: the last frame lies before the first")
    return first, last
