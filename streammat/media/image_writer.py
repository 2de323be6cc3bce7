"""Files of single pictures: one protocol, and a pool for formats that need one thread a file."""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from streammat.types import Frame, Plane

__all__ = ["ImageWriter", "PooledWriter"]

WriteFile = Callable[[Sequence[Plane], Frame, Path], None]


class ImageWriter(Protocol):
    """Encodes pictures into files, in order, several at a time."""

    def put(self, planes: tuple[Plane, ...], frame: Frame, target: Path) -> list[Path]:
        """Take a picture; returns the files that are complete by now, in order."""

    def flush(self) -> list[Path]:
        """Complete the rest."""

    def close(self) -> None:
        """Give up what is not complete. Never raises."""


class PooledWriter:
    """Writes each picture on one of several threads.

    Args:
        write: writes one file; releases Python's lock while it compresses.
        threads: pictures at a time.
    """

    def __init__(self, write: WriteFile, threads: int) -> None:
        self._write = write
        self._pool = ThreadPoolExecutor(threads, "images")
        self._threads = threads
        self._pending: deque[tuple[Path, Future[None]]] = deque()

    def put(self, planes: tuple[Plane, ...], frame: Frame, target: Path) -> list[Path]:
        """Take a picture; returns the files that are complete by now, in order."""
        self._pending.append((target, self._pool.submit(self._safely, planes, frame, target)))
        done = []
        while self._pending and (self._pending[0][1].done() or len(self._pending) > self._threads):
            done.append(self._next())
        return done

    def flush(self) -> list[Path]:
        """Complete the rest."""
        done = []
        while self._pending:
            done.append(self._next())
        self._pool.shutdown()
        return done

    def close(self) -> None:
        """Give up what is not complete."""
        self._pool.shutdown(cancel_futures=True)

    def _next(self) -> Path:
        target, future = self._pending.popleft()
        future.result()
        return target

    def _safely(self, planes: Sequence[Plane], frame: Frame, target: Path) -> None:
        """A file that could not be written whole is removed; its error is the system's."""
        try:
            self._write(planes, frame, target)
        except Exception as error:
            target.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno:
                raise
            full = "space" in str(error) or "too large" in str(error)
            code = errno.ENOSPC if full else errno.EIO
            raise OSError(code, os.strerror(code) if full else str(error)) from error
