"""``--report``: what it may replace."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streammat.cli import main
from tests.cli.fake_pipeline import FakePipeline, install


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    return install(monkeypatch)


@pytest.mark.parametrize(
    ("words", "role"),
    [
        ("in.mkv -o a.mov --report in.mkv", "an input"),
        ("in.mkv -o a.mov --report sub/../in.mkv", "an input"),
        ("in.mkv -o a.mov --report a.mov", "an output"),
        ("in.mkv -o s.%04d.png --report s.0003.png", "an output"),
        ("in.mkv -o a.mov --garbage g.json --report ./g.json", "the garbage matte"),
        ("in.mkv -o a.mp4 --background g.json --report g.json", "the background"),
        ("in.mkv -o a.mov --input-colour l.cube --report l.cube", "the LUT"),
    ],
)
def test_a_file_of_the_job_is_no_report(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str], words: str, role: str
) -> None:
    Path("in.mkv").write_text("{}")
    Path("sub").mkdir()
    assert main(["matte", *words.split()]) == 2
    assert f"is {role} of the job; choose another name" in capsys.readouterr().err
    assert pipeline.calls == []


def test_a_link_to_the_input_is_no_report(pipeline: FakePipeline) -> None:
    Path("in.mkv").write_text("{}")
    Path("r.json").symlink_to("in.mkv")
    assert main(["matte", "in.mkv", "--report", "r.json"]) == 2
    assert pipeline.calls == []


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", 0), (b'{"schema_version": 1}', 0), (b"\x1aE\xdf\xa3", 2), (b"{ not JSON", 2)],
)
def test_only_an_older_report_is_replaced(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str], content: bytes, code: int
) -> None:
    Path("r").write_bytes(content)
    assert main(["matte", "in.mp4", "--report", "r"]) == code
    if code:
        assert "exists and holds no JSON" in capsys.readouterr().err
        assert Path("r").read_bytes() == content
    else:
        assert json.loads(Path("r").read_text())["exit_code"] == 0
    assert len(pipeline.calls) == (not code)
