"""Files that cannot be used: named, counted, left out, or with ``strict`` refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from streammat.errors import InputError

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
        self.names: list[Path] = []

    def leave_out(self, path: Path, kind: str, detail: str) -> None:
        """Name and count a file.

        Args:
            path: of the file.
            kind: what it is counted as, e.g. ``without alpha``.
            detail: the rest of the line.

        Raises:
            InputError: with ``strict``.
        """
        if self._strict:
            raise InputError(f"{path}: {detail}; mend the data set, or leave out --strict")
        self.counts[kind] += 1
        self.names.append(path)
        self._notify(f"{path}: {detail}; left out")

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
