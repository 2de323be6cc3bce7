"""Hidden names for what is being written, and what killed processes left under them."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
import uuid
from contextlib import suppress
from functools import cache
from pathlib import Path


def hidden_name(stem: str, number: int, suffix: str = "") -> str:
    """A hidden name that tells who writes under it: machine and process."""
    return f".{stem}.{_machine()}-{os.getpid()}.{number}.tmp{suffix}"


def clear_dead(folder: Path, stem: str, suffix: str = "") -> None:
    """Remove what processes of this machine that are gone left under `hidden_name`. Never raises.

    Args:
        folder: where the hidden names lie.
        stem, suffix: of the names.
    """
    mine = re.escape(f".{stem}.{_machine()}-")
    expression = re.compile(rf"{mine}(\d+)\.\d+\.tmp{re.escape(suffix)}")
    with suppress(OSError):
        for entry in list(folder.iterdir()):
            match = expression.fullmatch(entry.name)
            if match is None or _may_live(int(match[1])):
                continue
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                entry.unlink(missing_ok=True)


@cache
def _machine() -> str:
    """Eight digits of where process numbers mean the same processes.

    Disks are shared by machines and by containers, in which a number may be another's.
    """
    numbers = ""
    if sys.platform == "linux":
        try:
            numbers = str(Path("/proc/self/ns/pid").readlink())
        except OSError:
            numbers = os.urandom(8).hex()  # nobody's: nothing is removed
    told = f"{platform.node()} {uuid.getnode()} {numbers}"
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _may_live(process: int) -> bool:
    """False where a process of this machine is surely gone."""
    if os.name == "nt":
        return True  # asking there ends the process that is asked
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return not _is_zombie(process)


def _is_zombie(process: int) -> bool:
    """It has ended, and whoever began it has not asked how."""
    try:
        told = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:  # no Linux, or gone by now
        return False
    return told.rpartition(")")[2].split()[:1] == ["Z"]
