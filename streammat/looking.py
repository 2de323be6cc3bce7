"""Looking for files where one may not be allowed to look."""

from __future__ import annotations

from pathlib import Path

__all__ = ["exists", "is_file"]


def is_file(path: Path) -> bool:
    """Whether a file is there; what cannot be looked at, or not be a path, is not.

    A home of another user, as containers and services have it, is no reason to end.
    """
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def exists(path: Path) -> bool:
    """Whether anything is there; see `is_file`."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
