"""``probe``: every clip that can be read is told, every other one is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streammat.cli import main
from tests.clips import make_clip


def test_a_bad_clip_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = [str(make_clip(tmp_path / name, frames=2).path) for name in ("a.mp4", "b.mp4")]
    broken, missing = tmp_path / "broken.mp4", tmp_path / "missing.mp4"
    broken.write_bytes(b"no video")
    asked = ["probe", str(broken), good[0], str(missing), good[1]]
    assert main(asked) == 2
    shown = capsys.readouterr()
    assert [line for line in shown.out.splitlines() if not line.startswith(" ")] == good
    lines = shown.err.splitlines()
    assert [line.split(": ")[1] for line in lines] == [str(broken), str(missing)]
    assert main([*asked, "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)
    assert [clip["path"] for clip in answer["clips"]] == good
