"""Everything that a user decides about reading a source, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from streammat.errors import ConfigError
from streammat.settings import MatteSettings

from .select import Selection, parse_selection

__all__ = ["MISSING", "Missing", "ReadOptions", "parse_rate", "read_options"]

Missing = Literal["error", "hold", "black"]
MISSING: tuple[Missing, ...] = ("error", "hold", "black")
_FASTEST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """See :func:`streammat.media.reader.open_reader`."""

    selection: Selection = field(default_factory=Selection)
    strict: bool = False
    threads: int | None = None
    keep_alpha: bool = False
    rate: Fraction | None = None
    missing: Missing = "error"
    raw: str | None = None
    input_colour: str | None = None
    to_sdr: bool = False


def read_options(
    settings: MatteSettings, threads: int | None = None, *, keep_alpha: bool = False
) -> ReadOptions:
    """What ``settings`` say about the source.

    Raises:
        ConfigError: a malformed selection or rate.
    """
    return ReadOptions(
        selection=parse_selection(settings.start, settings.end, settings.frames, settings.limit),
        strict=settings.strict,
        threads=threads,
        keep_alpha=keep_alpha,
        rate=None if settings.fps is None else parse_rate(settings.fps),
        missing=settings.missing,
        raw=settings.raw_input,
        input_colour=settings.input_colour,
        to_sdr=settings.to_sdr,
    )


def parse_rate(text: str) -> Fraction:
    """Frames per second from ``25``, ``30000/1001`` or ``29.97``, which means 30000/1001.

    Raises:
        ConfigError: not a rate above 0.
    """
    try:
        rate = Fraction(text.strip())
    except (ValueError, ZeroDivisionError):
        rate = Fraction(0)
    if not 0 < rate <= _FASTEST:
        raise ConfigError(f"--fps {text}: not a frame rate; give 25, 23.976 or 30000/1001")
    ntsc = Fraction(round(rate * 1001 / 1000) * 1000, 1001)
    near = abs(rate - ntsc) < Fraction(1, 200) and rate.denominator not in {1, 1001}
    return ntsc if near else rate
