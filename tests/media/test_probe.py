"""What a file is, in a form that programs can read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streammat.errors import MediaError
from streammat.media.probe import probe
from tests.clips import make_clip


def test_report_says_what_the_file_says(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mp4", audio=True, rotation=90)
    report = probe(str(made.path))
    assert (report.width, report.height, report.rotation_degrees) == (96, 64, 90)
    assert (report.codec, report.rate, report.frames) == ("h264", "25", 12)
    assert report.sounds[0].codec == "aac"
    assert report.sounds[0].sample_rate == 48000
    assert report.assumptions == []
    assert json.loads(json.dumps(report.as_json()))["colour"]["matrix"] == "bt709"


def test_assumptions_are_listed(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mp4", tags=None)
    (line,) = probe(str(made.path)).assumptions
    assert "BT.601" in line


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        probe(str(tmp_path / "none.mp4"))
