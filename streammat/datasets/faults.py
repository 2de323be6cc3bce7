"""Files that cannot be used: named, counted, left out, or with ``strict`` refused."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from streammat.errors import InputError, MediaError

__all__ = ["Faults"]


class Faults:
    """Collects what is wrong with a data set.

    Args:
        notify: takes a line for every file that is left out.
        strict: the first such file ends the run instead.
    """

    def __init__(self, notify: Callable[[str], None], *, strict: bool = False) -> None:
        self._notify = notify
        self._strict = strict
        self.counts: Counter[str] = Counter()
        self._met: dict[tuple[Path, str], str] = {}
        self._lock = threading.Lock()

    def unreadable(self, error: MediaError) -> None:
        """The same for a file that turned out to be of no use; its name begins the message.

        Raises:
            InputError: with ``strict``.
        """
        name, _, detail = str(error).partition(": ")
        self.leave_out(Path(name), "unreadable", detail)

    def leave_out(self, path: Path, kind: str, detail: str) -> None:
        """Name and count a file, the first time that it is met.

        Args:
            path: of the file.
            kind: what it is counted as, e.g. ``without alpha``.
            detail: the rest of the line.

        Raises:
            InputError: with ``strict``.
        """
        if self._strict:
            raise InputError(f"{path}: {detail}; mend the data set, or leave out --strict")
        with self._lock:  # pictures are decoded on threads
            if (path, detail) in self._met:
                return
            self._met[path, detail] = kind
            self.counts[kind] += 1
        self._notify(f"{path}: {detail}; left out")

    @property
    def left_out(self) -> list[tuple[Path, str, str]]:
        """Path, kind and detail of every file, as `leave_out` took them."""
        return [(path, kind, detail) for (path, detail), kind in self._met.items()]

    @property
    def total(self) -> int:
        """Files left out."""
        return self.counts.total()

    def summary(self) -> str:
        """One line, empty where nothing was left out."""
        if not self.total:
            return ""
        parts = ", ".join(f"{count} {kind}" for kind, count in sorted(self.counts.items()))
        return f"{self.total} files left out: {parts}"
