"""Lines for the user, each said once."""

from __future__ import annotations

import sys
from collections.abc import Callable

Notify = Callable[[str], None]


def to_stderr(line: str) -> None:
    """Print a line on stderr."""
    print(line, file=sys.stderr)


class Notices:
    """Pass each kind of line on the first time only.

    Args:
        notify: takes one line without a line end.
    """

    def __init__(self, notify: Notify) -> None:
        self._notify = notify
        self._said: set[str] = set()

    def once(self, kind: str, line: str) -> None:
        """Say ``line`` unless one of the same ``kind`` was said before."""
        if kind not in self._said:
            self._said.add(kind)
            self._notify(line)

    def line(self, line: str) -> None:
        """Say a line unless the same was said before."""
        self.once(line, line)
