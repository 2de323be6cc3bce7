"""Temporary names, renames and refusals."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streammat.errors import OutputError
from streammat.media.atomic import (
    check_target,
    clear_dead,
    hidden_name,
    partial_name,
    publish,
    temporary_beside,
)


def test_the_temporary_name_is_beside_the_target_hidden_and_free(tmp_path: Path) -> None:
    target = tmp_path / "clip.mov"
    first = temporary_beside(target)
    first.write_bytes(b"")
    second = temporary_beside(target)
    assert first != second
    assert first.parent == second.parent == tmp_path
    assert first.name.startswith(".clip.")
    assert first.suffix == ".mov"


def test_publish_replaces_in_one_step(tmp_path: Path) -> None:
    target, temporary = tmp_path / "a", tmp_path / "b"
    target.write_bytes(b"old")
    temporary.write_bytes(b"new")
    publish(temporary, target)
    assert target.read_bytes() == b"new"
    assert not temporary.exists()


def test_partial_name() -> None:
    assert partial_name(Path("x/clip.mov")) == Path("x/clip.partial.mov")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder"):
        check_target(str(tmp_path), [], overwrite=True)


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def left_by(process: int, stem: str, suffix: str = "") -> str:
    return hidden_name(stem, 0, suffix).replace(f"-{os.getpid()}.", f"-{process}.")


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot be asked whether a process lives")
def test_only_what_dead_processes_of_this_machine_left_for_this_name_is_removed(
    tmp_path: Path, gone: int
) -> None:
    dead = tmp_path / left_by(gone, "clip", ".mov")
    folder = tmp_path / left_by(gone, "clip")
    folder.mkdir()
    (folder / "000000001").touch()
    stay = [
        left_by(os.getppid(), "clip", ".mov"),
        left_by(os.getpid(), "clip", ".mov"),
        left_by(gone, "clip2", ".mov"),
        left_by(gone, "clip", ".mkv"),
        f".clip.00000000-{gone}.0.tmp.mov",
        f".clip.{gone}.0.tmp.mov",
        "clip.mov",
    ]
    for name in (dead.name, *stay):
        (tmp_path / name).touch()
    temporary_beside(tmp_path / "clip.mov")
    assert not dead.exists()
    assert folder.exists()
    clear_dead(tmp_path, "clip")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)


@pytest.mark.skipif(sys.platform != "linux", reason="told by /proc")
def test_a_process_that_nobody_has_asked_how_it_ended_is_dead(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.read()  # ends when the process does
    left = tmp_path / left_by(process.pid, "clip")
    left.touch()
    stat = Path(f"/proc/{process.pid}/stat")
    while ") Z " not in stat.read_text():
        time.sleep(0.01)
    clear_dead(tmp_path, "clip")
    process.wait()
    assert not left.exists()


def test_where_it_cannot_be_asked_every_process_may_live(
    tmp_path: Path, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = tmp_path / left_by(gone, "clip")
    left.touch()

    def refuse(process: int, signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    clear_dead(tmp_path, "clip")
    assert left.exists()


def test_a_folder_that_is_not_there_holds_nothing_to_remove(tmp_path: Path) -> None:
    clear_dead(tmp_path / "no", "clip")


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary, target = tmp_path / "t.part", tmp_path / "t"
    temporary.write_bytes(b"whole")
    inode, flushed = temporary.stat().st_ino, []

    def seen(handle: int) -> None:
        flushed.append((os.fstat(handle).st_ino, target.exists()))

    monkeypatch.setattr(os, "fsync", seen)
    publish(temporary, target)
    assert (inode, False) in flushed
    assert target.read_bytes() == b"whole"
