"""--start, --end, --frames and --limit."""

from __future__ import annotations

from fractions import Fraction

import pytest

from streammat.errors import ConfigError
from streammat.media.select import Selection, parse_clock, parse_selection


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12.5", Fraction(25, 2)),
        ("0", Fraction(0)),
        ("1:02", Fraction(62)),
        ("1:00:00.040", Fraction(360004, 100)),
        ("90", Fraction(90)),
    ],
)
def test_clock_takes_seconds_and_hours(text: str, seconds: Fraction) -> None:
    assert parse_clock(text, "start") == seconds


@pytest.mark.parametrize("text", ["abc", "-1", "1:2:3:4", "", "1e3"])
def test_clock_refuses_what_is_no_time(text: str) -> None:
    with pytest.raises(ConfigError, match="H:MM:SS"):
        parse_clock(text, "start")


def test_frames_range_is_inclusive_and_open_ended() -> None:
    assert parse_selection(frames="3-5").frame_limit == 3
    assert parse_selection(frames="7") == Selection(first_frame=7, last_frame=7)
    assert parse_selection(frames="7-") == Selection(first_frame=7)
    assert parse_selection(frames="-4", limit=2).frame_limit == 2


@pytest.mark.parametrize("text", ["5-3", "a-b", "-", ""])
def test_frames_range_refuses_nonsense(text: str) -> None:
    with pytest.raises(ConfigError, match="--frames"):
        parse_selection(frames=text)


def test_empty_selection_is_refused() -> None:
    with pytest.raises(ConfigError, match="not after"):
        parse_selection(start="5", end="5")
    with pytest.raises(ConfigError, match="--limit 0"):
        parse_selection(limit=0)
