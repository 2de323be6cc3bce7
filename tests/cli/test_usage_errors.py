"""Wrong usage: exit code 2, one line that names the value and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from streammat.cli import main


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("matte", "Missing argument 'INPUT...'"),
        ("matt in.mp4", "no command 'matt'. Did you mean 'matte'?"),
        ("matte in.mp4 --sise fast", "--sise"),
        ("matte in.mp4 --size huge", "'huge' is not allowed; use fast | balanced | best"),
        ("matte in.mp4 --device gpu", "'gpu' is not allowed; use auto | cpu | cuda"),
        ("matte in.mp4 --background #12", "'#12' is not allowed; use none | #RRGGBB"),
        ("matte in.mp4 --roi 1,2,3", "'1,2,3' is not allowed; use auto, or X,Y,W,H"),
        ("matte in.mp4 --start noon", "'noon' is not allowed; use seconds"),
        ("matte in.mp4 --frames 9-3", "'9-3' is not allowed; use FIRST-LAST"),
        ("matte in.mp4 -o alpah=m.mov", "no kind 'alpah', meant alpha=m.mov?"),
        ("matte in.mp4 -o alpha=", "'alpha=' has no path"),
        ("matte a.mp4 b.mp4 -o c.mov", "there are 2 inputs; use --out-dir"),
        ("image a.png b.png -o c.png", "there are 2 inputs; use -o FOLDER/"),
        ("matte a.mp4 -o c.mov --out-dir d", "-o and --out-dir exclude each other"),
        ("matte a.mp4 -o c.mov -o ./c.mov", "two results would be written to"),
        ("matte x/a.mp4 y/a.mov", "two results would be written to a.matte.mov"),
        ("matte in.mp4 -o - --json", "both write to stdout"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], words: str, expected: str
) -> None:
    assert main(words.split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert expected in err
    assert len(err.splitlines()) == 1


def test_an_unknown_key_in_the_project_file_is_exit_code_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("streammat.toml").write_text("sise = 3\n")
    assert main(["matte", "in.mp4"]) == 2
    assert "unknown key 'sise'; meant 'size'?" in capsys.readouterr().err


def test_help_and_version_are_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert "matte" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("streammat, version ")
