"""Displays: how often they write, what stands in a line, and that nothing goes to stdout."""

from __future__ import annotations

import json

import pytest

from streammat.cli.progress import Display, Json, Live, Plain, Silent, open_display
from streammat.pipeline.progress import Progress


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _progress(frame: int) -> Progress:
    return Progress(frame, 240, 24.5, 65.0, "encode", 1.0)


def _run(display: Display, clock: Clock, seconds: int) -> None:
    with display:
        for tick in range(10 * seconds):
            clock.now = tick / 10
            display.update(_progress(tick))


def test_json_is_a_line_a_second_with_the_named_figures(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = Clock()
    _run(Json(clock), clock, 5)
    out, err = capsys.readouterr()
    assert out == ""
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["frame"] for event in events] == [10, 20, 30, 40]
    assert events[0] == {
        "event": "progress",
        "frame": 10,
        "total": 240,
        "fps": 24.5,
        "eta_seconds": 65.0,
        "slowest": "encode",
    }


def test_plain_is_a_line_every_five_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    _run(Plain(clock), clock, 12)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"{frame}/240 frames  24.5 fps  1:05 left  encode is slowest" for frame in (50, 100)
    ]


def test_silent_shows_notes_and_the_last_line_only(capsys: pytest.CaptureFixture[str]) -> None:
    with Silent() as display:
        display.begin("in.mp4")
        display.update(_progress(3))
        display.note("a note")
        display.last_line("done")
    assert capsys.readouterr().err.splitlines() == ["a note", "done"]


def test_live_keeps_notes_and_takes_brackets_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    with Live() as display:
        display.begin("[bold] in.mp4")
        display.update(_progress(3))
        display.note("shot[1].mp4: untagged colour")
        display.last_line("240 frames")
    out, err = capsys.readouterr()
    assert out == ""
    assert "shot[1].mp4: untagged colour" in err
    assert err.splitlines()[-1] == "240 frames"


def test_auto_is_plain_where_stderr_is_no_terminal() -> None:
    assert type(open_display("auto")) is Plain
