"""SMPTE time code as text and as a count of frames."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streammat.media.timecode import moved, parse_timecode, timecode_text
from streammat.types import Timecode

NTSC, NTSC60 = Fraction(30000, 1001), Fraction(60000, 1001)
RATES = [
    Fraction(24000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30),
    Fraction(50),
    NTSC,
    NTSC60,
]


@pytest.mark.parametrize(
    ("text", "frame"),
    [
        ("00:00:59;29", 1799),
        ("00:01:00;02", 1800),
        ("00:09:59;29", 17981),
        ("00:10:00;00", 17982),
        ("01:00:00;00", 107892),
        ("23:59:59;29", 2589407),
    ],
)
def test_drop_frame_counts_as_the_standard_says(text: str, frame: int) -> None:
    assert parse_timecode(text, NTSC) == Timecode(frame, NTSC, drop=True)
    assert timecode_text(Timecode(frame, NTSC, drop=True)) == text


def test_drop_frame_at_60_leaves_out_four_numbers() -> None:
    assert timecode_text(Timecode(3600, NTSC60, drop=True)) == "00:01:00;04"


def test_an_hour_at_23_976_has_86400_frames() -> None:
    assert parse_timecode("01:00:00:00", Fraction(24000, 1001)) == Timecode(
        86400, Fraction(24000, 1001)
    )


@given(st.sampled_from(RATES), st.integers(0, 24 * 3600 * 60), st.booleans())
def test_text_and_count_say_the_same(rate: Fraction, frame: int, drop: bool) -> None:
    droppable = rate in {NTSC, NTSC60}
    code = moved(Timecode(0, rate, drop and droppable), frame)
    assert parse_timecode(timecode_text(code), rate) == code


def test_a_day_wraps() -> None:
    assert timecode_text(moved(Timecode(2589407, NTSC, drop=True), 1)) == "00:00:00;00"
    assert timecode_text(moved(Timecode(0, Fraction(25)), -1)) == "23:59:59:24"


@pytest.mark.parametrize(
    "text", ["", "1:2", "00:00:60:00", "00:60:00:00", "24:00:00:00", "00:00:00:25", "a0:00:00:00"]
)
def test_what_is_no_time_code_at_this_rate_is_none(text: str) -> None:
    assert parse_timecode(text, Fraction(25)) is None


def test_a_semicolon_at_a_whole_rate_is_no_drop_frame() -> None:
    assert parse_timecode("00:01:00;00", Fraction(25)) == Timecode(1500, Fraction(25))
