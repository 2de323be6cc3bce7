"""Temporary names, renames and refusals."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from streammat.errors import OutputError
from streammat.media.atomic import (
    check_target,
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
