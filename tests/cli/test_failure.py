"""What ends a run: one line for a person, and its exit code."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import click
import pytest

from streammat.cli import jobs, main
from streammat.cli.failure import explain, guarded


@pytest.mark.parametrize(
    "name", ["ENOENT", "EACCES", "EISDIR", "ENOTDIR", "ENAMETOOLONG", "EROFS", "ELOOP"]
)
def test_a_path_that_the_system_refuses_is_bad_input(name: str) -> None:
    code = getattr(errno, name)
    assert explain(OSError(code, os.strerror(code), "out.mov")) == (
        f"out.mov: {os.strerror(code)}",
        2,
    )


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "ENOMEM", "EFBIG"])
def test_a_full_disk_is_a_resource(name: str) -> None:
    line, exit_code = explain(OSError(getattr(errno, name), "full", "out.mov"))
    assert exit_code == 5
    assert "out.mov; free some space" in line


def test_an_error_of_the_system_that_nobody_foresaw_is_our_bug() -> None:
    line, exit_code = explain(OSError(errno.EBADF, "bad", "out.mov"))
    assert exit_code == 1
    assert line.startswith("internal error: ")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.exceptions.Abort()])
def test_ctrl_c_is_130(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    @click.command()
    def interrupted() -> None:
        raise error

    assert guarded(interrupted, []) == 130
    assert capsys.readouterr().err.split()[-1:] == ["interrupted"]


@pytest.mark.parametrize(
    ("codes", "overall"),
    [
        ([0, 0], 0),
        ([0, 3], 3),
        ([3, 2, 0], 2),
        ([2, 3], 2),
        ([2, 3, 5], 5),
        ([3, 130], 130),
        ([2, 1], 1),
        ([0, 4], 4),
    ],
)
def test_what_ended_a_batch_counts_and_a_lost_input_before_lost_frames(
    codes: list[int], overall: int
) -> None:
    assert jobs._overall(codes) == overall


@pytest.mark.parametrize(
    "words",
    ["probe NAME.mp4", "models export gfm_lite0_tt NAME.onnx", "matte a.mp4 --model NAME.onnx"],
)
def test_a_name_too_long_for_the_disk_is_one_line_and_2(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.clips import make_clip

    make_clip(Path("a.mp4"), frames=2)
    assert main(words.replace("NAME", "x" * 300).split()) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("streammat: xxx")
    assert said.endswith("File name too long")


@pytest.mark.parametrize(("number", "code"), [(errno.EROFS, 2), (errno.ENOSPC, 5)])
def test_an_export_to_a_disk_that_takes_nothing_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, code: int
) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "unlink", refused)
    monkeypatch.setattr("shutil.copyfile", lambda _, path: refused(path))
    assert main(["models", "export", "gfm_lite0_tt", "x.onnx"]) == code
    line = capsys.readouterr().err
    assert line.startswith(f"streammat: x.onnx cannot be written: {os.strerror(number)}")
