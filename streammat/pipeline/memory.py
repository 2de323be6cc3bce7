"""Keeps the C library from hoarding pictures that were freed.

A picture is made in one thread and freed in another. glibc, which keeps a heap per thread, then
holds on to a hundred megabytes of freed pictures at 1080p. With one heap for all threads the next
picture takes the place of the one before, whoever freed it; a fresh mapping for every picture would
cost five milliseconds of CPU a frame at 1080p, spent on clearing pages. Larger blocks (10-bit
pictures, 2160p) are mapped all the same: kept in the heap they leave gaps of a hundred megabytes.
"""

from __future__ import annotations

import ctypes
import sys

__all__ = ["share_one_heap"]

# mallopt(3): parameter, value
_M_ARENA_MAX = -8, 1
_M_MMAP_THRESHOLD = -3, 4 << 20  # an 8-bit picture or an alpha of 1080p still lies in the heap
_M_TRIM_THRESHOLD = -1, 32 << 20  # the free end of the heap that is kept for the next pictures


def share_one_heap() -> None:
    """Let all threads of the process allocate from one heap, from now on.

    Does nothing where the C library is not glibc.
    """
    if sys.platform != "linux":
        return
    try:
        library = ctypes.CDLL("libc.so.6")
        for parameter, value in (_M_ARENA_MAX, _M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD):
            library.mallopt(parameter, value)
    except (OSError, AttributeError):  # musl: it gives memory back by itself
        return
