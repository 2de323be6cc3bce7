"""Keeps the C library from hoarding pictures that were freed.

A picture is made in one thread and freed in another. glibc, which keeps a heap per thread, then
holds on to a hundred megabytes of freed pictures at 1080p; memory that is mapped for each picture
is given back at once, for a millisecond a picture.
"""

from __future__ import annotations

import ctypes
import sys

__all__ = ["give_back_freed_pictures"]

_MMAP_THRESHOLD = -3  # M_MMAP_THRESHOLD of mallopt(3)
_LARGE_BYTES = 1 << 20


def give_back_freed_pictures() -> None:
    """Map every block of a megabyte or more on its own, from now on in the whole process.

    Does nothing where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    try:
        ctypes.CDLL("libc.so.6").mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
    except (OSError, AttributeError):  # musl: it gives memory back by itself
        return
