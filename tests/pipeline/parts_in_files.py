"""Parts of a rehearsal that leave a trace in a file; importable by the helper process too."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Compiles:
    """Compiles something, as a kernel would that is not in the cache, then waits for ``until``."""

    until: Path

    def perform(self) -> None:
        from numba import njit

        njit(lambda x: x + 1)(1)
        wait_for(self.until)


@dataclass(frozen=True)
class SaysWhere:
    """Writes the number of the process that performed it."""

    path: Path

    def perform(self) -> None:
        draft = self.path.with_suffix(".part")
        draft.write_text(str(os.getpid()))
        draft.replace(self.path)


@dataclass(frozen=True)
class EndsItsProcess:
    """Stands for a helper that crashes, after it has said that it runs."""

    path: Path

    def perform(self) -> None:
        SaysWhere(self.path).perform()
        os._exit(1)


@dataclass(frozen=True)
class NeverEnds:
    """Says that it runs, and then takes longer than any test."""

    path: Path

    def perform(self) -> None:
        SaysWhere(self.path).perform()
        time.sleep(10 * PATIENCE_SECONDS)


@dataclass(frozen=True)
class Fails:
    """Raises what a job would meet again."""

    def perform(self) -> None:
        raise ValueError("this picture cannot be")


def wait_for(path: Path) -> None:
    """Return when the file is there; a test that waits for nothing fails instead of hanging."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{path} never came")
        time.sleep(0.01)
