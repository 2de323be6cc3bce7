"""The written form of every setting: text in, value out, and one clear line when it does not fit.

The command line, the environment and the TOML files go through these same functions, so a value
means the same thing wherever it is written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Never

from streammat.errors import ConfigError
from streammat.settings import SIZE_SIDE_PX

__all__ = [
    "background",
    "bitrate",
    "choice",
    "flag",
    "fraction",
    "frame_range",
    "integer",
    "pixels",
    "rate",
    "raw_video",
    "roi",
    "seconds",
    "size",
    "smooth",
    "text",
]

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_CLOCK = re.compile(r"(?:(\d+):)?([0-5]?\d):([0-5]?\d(?:\.\d+)?)")
_SIZE = re.compile(r"(\d{1,5})[xX](\d{1,5})")
_FRAMES = re.compile(r"(\d+)-(\d+)|(\d+)-|-(\d+)|(\d+)")
_BITRATE = re.compile(r"\d+(?:\.\d+)?[kM]?")
_RATE = re.compile(r"\d+(?:\.\d+)?|\d+/\d+")
_RAW = re.compile(r"(\d+)x(\d+):([a-z0-9]+)")
_SIZES = ("fast", "balanced", "best")


def _refuse(value: str, allowed: str) -> Never:
    raise ConfigError(f"{value!r} is not allowed; use {allowed}")


def text(value: str) -> str:
    """Any text that is not empty."""
    return value if value.strip() else _refuse(value, "a text that is not empty")


def choice(allowed: Sequence[str]) -> Callable[[str], str]:
    """A parser that takes one of ``allowed``."""

    def parse(value: str) -> str:
        return value if value in allowed else _refuse(value, " | ".join(allowed))

    return parse


def flag(value: str) -> bool:
    """``true|yes|on|1`` or ``false|no|off|0``."""
    lowered = value.strip().lower()
    if lowered in {"true", "yes", "on", "1"}:
        return True
    if lowered in {"false", "no", "off", "0"}:
        return False
    _refuse(value, "true or false")


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def fraction(value: str) -> float:
    """A number from 0 to 1."""
    number = _number(value)
    return number if number is not None and 0 <= number <= 1 else _refuse(value, "a number 0..1")


def pixels(value: str) -> float:
    """A number of pixels, 0 to 500."""
    number = _number(value)
    if number is None or not 0 <= number <= 500:
        _refuse(value, "pixels of the full frame, 0..500")
    return number


def integer(low: int, high: int | None = None) -> Callable[[str], int]:
    """A parser that takes whole numbers from ``low`` to ``high`` (None: no upper end)."""
    allowed = "a whole number " + (f"from {low} up" if high is None else f"{low}..{high}")

    def parse(value: str) -> int:
        number = int(value) if re.fullmatch(r"[+-]?\d+", value.strip()) else None
        if number is None or number < low or (high is not None and number > high):
            _refuse(value, allowed)
        return number

    return parse


def smooth(value: str) -> str:
    """``auto``, ``off`` or a strength 0..1."""
    number = _number(value)
    if value in {"auto", "off"} or (number is not None and 0 <= number <= 1):
        return value
    _refuse(value, "auto | off | a strength 0..1")


def size(value: str) -> str:
    """``fast``, ``balanced``, ``best`` or WxH in pixels."""
    match = _SIZE.fullmatch(value)
    low, high = SIZE_SIDE_PX
    if value in _SIZES or (match and all(low <= int(side) <= high for side in match.groups())):
        return value
    sides = f"WIDTHxHEIGHT with sides of {low}..{high}, such as 512x288"
    _refuse(value, f"{' | '.join(_SIZES)} | {sides}")


def seconds(value: str) -> str:
    """Seconds (``12.5``) or a clock time (``1:02:03.5``, ``2:03``); kept as written."""
    number = _number(value)
    if (number is not None and number >= 0) or _CLOCK.fullmatch(value):
        return value
    _refuse(value, "seconds such as 12.5, or H:MM:SS[.mmm] such as 0:01:30.5")


def frame_range(value: str) -> str:
    """First and last frame, 0-based and inclusive: ``100-200``, ``100-``, ``-200`` or ``100``."""
    match = _FRAMES.fullmatch(value)
    both = match is not None and match[1] is not None
    if match is None or (both and int(match[1]) > int(match[2])):
        _refuse(value, "FIRST-LAST with FIRST <= LAST, counted from 0, such as 100-200")
    if match[3] is not None:
        return f"{match[3]}-"
    if match[4] is not None:
        return f"0-{match[4]}"
    return value if both else f"{match[5]}-{match[5]}"


def roi(value: str) -> tuple[int, int, int, int] | str:
    """``auto``, or ``X,Y,W,H`` in pixels: left, top, width, height."""
    if value.strip() == "auto":
        return "auto"
    parts = [part.strip() for part in value.split(",")]
    if len(parts) != 4 or not all(re.fullmatch(r"\d+", part) for part in parts):
        _refuse(value, "auto, or X,Y,W,H in pixels, such as 100,0,640,480")
    x, y, width, height = (int(part) for part in parts)
    if not (width and height):
        _refuse(value, "X,Y,W,H with a width and a height of at least 1")
    return x, y, width, height


def background(value: str) -> str:
    """``none``, ``#RRGGBB``, ``blur[:0..1]``, or the path of an image or a video."""
    allowed = "none | #RRGGBB | blur | blur:STRENGTH with 0..1 | the path of an image or a video"
    if value.startswith("#"):
        return value if _COLOUR.fullmatch(value) else _refuse(value, allowed)
    if value.startswith("blur:"):
        strength = _number(value.removeprefix("blur:"))
        return value if strength is not None and 0 <= strength <= 1 else _refuse(value, allowed)
    return value if value.strip() else _refuse(value, allowed)


def bitrate(value: str) -> str:
    """Bits a second, with k or M: ``8M``, ``2500k``."""
    if _BITRATE.fullmatch(value) and float(value.rstrip("kM")) > 0:
        return value
    _refuse(value, "bits a second above 0, such as 8M or 2500k")


def rate(value: str) -> str:
    """Frames per second: ``25``, ``23.976``, ``30000/1001``; kept as written."""
    whole, _, part = value.partition("/")
    known = _RATE.fullmatch(value) is not None and float(whole) > 0 and float(part or 1) > 0
    return value if known else _refuse(value, "frames per second such as 25 or 30000/1001")


def raw_video(value: str) -> str:
    """``WIDTHxHEIGHT:PIXEL_FORMAT``; kept as written."""
    match = _RAW.fullmatch(value)
    if match is None or not (int(match[1]) and int(match[2])):
        _refuse(value, "WIDTHxHEIGHT:PIXEL_FORMAT such as 1920x1080:rgba")
    return value
