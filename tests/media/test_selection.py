"""--start, --end, --frames and --limit."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from streammat.errors import ConfigError
from streammat.media.reader import open_reader
from streammat.media.select import Selection, parse_clock, parse_selection
from tests.clips import make_clip


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


@pytest.mark.parametrize(
    ("name", "codec"), [("in.ts", "libx264"), ("in.mpg", "mpeg2video"), ("in.mp4", "libx264")]
)
@pytest.mark.parametrize("jump", [0.2, 20.0], ids=["jumps", "from the start"])
def test_a_part_begins_where_it_should_in_every_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, codec: str, jump: float
) -> None:
    monkeypatch.setattr("streammat.media.video_reader._KEYS_APART_SECONDS", jump)
    made = make_clip(tmp_path / name, frames=60, codec=codec, options={"g": "5", "bf": "0"})
    with open_reader(made.path, start="1.0") as reader:
        first = next(iter(reader))
    with open_reader(made.path) as reader:
        begin = next(iter(reader))
    passed = first.pts * first.time_base - begin.pts * begin.time_base
    assert 1 <= passed < Fraction(26, 25)


def test_a_part_that_begins_late_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streammat.media.video_reader._KEYS_APART_SECONDS", 0)
    made = make_clip(tmp_path / "in.ts", frames=100, options={"g": "70", "bf": "0"})
    lines: list[str] = []
    with open_reader(made.path, start="1.0", notify=lines.append) as reader:
        next(iter(reader))
    assert any("the first picture after --start 1" in line for line in lines)
