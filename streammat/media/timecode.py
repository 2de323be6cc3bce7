"""SMPTE time code: text to a count of frames and back, drop-frame numbering included.

Source: SMPTE ST 12-1. Drop-frame leaves out the numbers 0 and 1 (59.94: 0 to 3) of every minute
that is no multiple of ten; no frame is dropped.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from streammat.types import Frame, StreamInfo, Timecode

__all__ = ["moved", "parse_timecode", "timecode_at", "timecode_text"]

_TEXT = re.compile(r"^(\d{1,2}):(\d{2}):(\d{2})([:;.,])(\d{2,3})$")
_HOURS = 24


def parse_timecode(text: str, rate: Fraction) -> Timecode | None:
    """``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` for drop-frame, at ``rate`` frames per second.

    Returns:
        None where the text is no time code, or its numbers do not exist at that rate.
    """
    match = _TEXT.match(text.strip())
    if match is None or rate <= 0:
        return None
    hours, minutes, seconds, number = (int(match[group]) for group in (1, 2, 3, 5))
    base, drop = _base(rate), match[4] != ":" and _droppable(rate)
    if hours >= _HOURS or minutes > 59 or seconds > 59 or number >= base:
        return None
    total_minutes = hours * 60 + minutes
    frame = (total_minutes * 60 + seconds) * base + number
    if drop:
        frame -= _dropped(base) * (total_minutes - total_minutes // 10)
    return Timecode(frame, rate, drop)


def timecode_text(timecode: Timecode) -> str:
    """``HH:MM:SS:FF``; a semicolon before the frames says drop-frame. Wraps after 24 hours."""
    base = _base(timecode.rate)
    number = timecode.frame % _day(timecode.rate, timecode.drop)
    if timecode.drop:
        left_out = _dropped(base)
        ten_minutes, rest = divmod(number, 600 * base - 9 * left_out)
        number += 9 * left_out * ten_minutes
        if rest >= 60 * base:
            number += left_out * (1 + (rest - 60 * base) // (60 * base - left_out))
    seconds, frames = divmod(number, base)
    sign = ";" if timecode.drop else ":"
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours:02}:{minutes:02}:{seconds % 60:02}{sign}{frames:02}"


def moved(timecode: Timecode, frames: int) -> Timecode:
    """The time code ``frames`` later."""
    day = _day(timecode.rate, timecode.drop)
    return replace(timecode, frame=(timecode.frame + frames) % day)


def timecode_at(info: StreamInfo, frame: Frame) -> Timecode | None:
    """As the frame's own header says, else counted from the first; gaps in time stay gaps."""
    stated = frame.attributes.get("timeCode")
    own = parse_timecode(stated, info.rate) if stated and info.rate else None
    if own is not None or info.timecode is None:
        return own
    seconds = (frame.pts - info.first_pts) * frame.time_base
    return moved(info.timecode, round(seconds * info.timecode.rate))


def _base(rate: Fraction) -> int:
    """Numbers a second: the next whole number."""
    return -int(-rate // 1)


def _droppable(rate: Fraction) -> bool:
    return rate.denominator != 1 and _base(rate) % 30 == 0


def _dropped(base: int) -> int:
    """Numbers left out in nine of ten minutes: two of thirty a second."""
    return base // 15


def _day(rate: Fraction, drop: bool) -> int:
    base = _base(rate)
    return 24 * 6 * (600 * base - 9 * _dropped(base) * drop)
