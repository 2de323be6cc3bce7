"""Hidden names, and what dead processes left under them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from streammat.hidden import clear_dead, hidden_name


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
    clear_dead(tmp_path, "clip", ".mov")
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
