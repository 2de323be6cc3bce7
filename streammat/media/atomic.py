"""Nothing half-written under a final name: write beside it, flush to disk, rename."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from streammat.errors import OutputError
from streammat.hidden import clear_dead, hidden_name


def check_target(path: str, sources: Iterable[str], *, overwrite: bool) -> None:
    """Refuse a target that must not be written.

    Args:
        path: a file.
        sources: files that are read by the job.
        overwrite: an existing target may be replaced.

    Raises:
        OutputError: the target is one of the sources (also by link), exists, is a folder,
            or its folder is missing or not writable.
    """
    target = Path(path)
    for source in sources:
        if _same_file(target, Path(source)):
            raise OutputError(f"{path}: is the input itself; choose another name")
    if target.is_dir():
        raise OutputError(f"{path}: is a folder; add a / for an image sequence or name a file")
    if target.exists() and not overwrite:
        raise OutputError(f"{path}: exists; add --overwrite to replace it")
    check_folder(target.parent, path)


def check_folder(folder: Path, path: str) -> None:
    """Refuse a folder that is not there or cannot be written to.

    Raises:
        OutputError: as said.
    """
    if not folder.is_dir():
        raise OutputError(f"{path}: there is no folder {folder}; create it first")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: the folder {folder} is not writable; choose another")


def temporary_beside(target: Path) -> Path:
    """A free hidden name in the target's folder: the later rename stays on one disk.

    What killed processes left there for the same target is removed.
    """
    clear_dead(target.parent, target.stem, target.suffix)
    number = 0
    while True:
        candidate = target.with_name(hidden_name(target.stem, number, target.suffix))
        if not candidate.exists():
            return candidate
        number += 1


def partial_name(target: Path) -> Path:
    """``NAME.partial.EXT``: what a stopped job leaves."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


def publish(temporary: Path, target: Path) -> None:
    """Flush a finished file to disk and give it its final name in one step.

    Raises:
        OSError: the disk is full or the rename is refused.
    """
    flush_to_disk(temporary)
    temporary.replace(target)
    sync_folder(target.parent)


def flush_to_disk(path: Path) -> None:
    """fsync one file.

    Raises:
        OSError: the disk is full.
    """
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """fsync a folder so that a rename survives a power cut; not every system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _same_file(first: Path, second: Path) -> bool:
    try:
        return first.exists() and second.exists() and first.samefile(second)
    except OSError:
        return False
