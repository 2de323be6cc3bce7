"""Watches the space that is left, so that a file can still be ended when the disk gets full."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

__all__ = ["Room"]

_LEAST_BYTES = 64 * 1024
_INDEX_BYTES = 128  # a packet in the index of a MOV or MKV, with room to spare


class Room:
    """Refuses a packet while what ends the file (index, trailer) still fits after it.

    A muxer that meets a full disk itself cannot write anything more, and a MOV or MP4 without its
    index is lost as a whole.

    Args:
        path: of the growing file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._promised = 0
        self._packets = 0
        self._largest = 0
        self._limit = _file_size_limit()

    def take(self, size: int) -> None:
        """Count a packet of ``size`` bytes.

        Raises:
            OSError: ENOSPC; the packet must not be written any more.
        """
        largest = max(self._largest, size)
        reserve = _LEAST_BYTES + _INDEX_BYTES * (self._packets + 1) + largest
        promised = self._promised + size
        written = self._path.stat().st_size if self._path.exists() else 0
        free = shutil.disk_usage(self._path.parent).free
        if promised - written + reserve > free:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._limit is not None and promised + reserve > self._limit:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG))
        self._promised, self._largest = promised, largest
        self._packets += 1


def _file_size_limit() -> int | None:
    """Bytes that this process may put into one file, None without a limit."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    soft = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if soft == resource.RLIM_INFINITY else soft
