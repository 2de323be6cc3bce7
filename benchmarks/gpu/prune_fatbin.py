"""Zero the GPU code in a library that one architecture cannot use; it then packs to little.

``python prune_fatbin.py LIBRARY [SM]``. The layout stays, so the library stays valid. A fatbin is a
header (magic 0xBA55ED50, version, header size, payload size) and members, each with a header of its
own (kind 1 PTX, 2 machine code; header size; payload size; architecture at byte 28).
"""

from __future__ import annotations

import mmap
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

MAGIC = struct.pack("<I", 0xBA55ED50)
PTX, CODE = 1, 2


def members(data: mmap.mmap, start: int) -> Iterator[tuple[int, int, int, int]]:
    """(kind, architecture, first byte, length) of each payload of the fatbin at ``start``."""
    _, size = struct.unpack_from("<HxxQ", data, start + 4)
    place, end = start + 16, start + 16 + size
    while place + 64 <= end:
        kind, _, header, length = struct.unpack_from("<HHIQ", data, place)
        if kind not in {PTX, CODE} or header > 1024:
            return
        (architecture,) = struct.unpack_from("<I", data, place + 28)
        yield kind, architecture, place + header, length
        place += header + length


def prune(path: Path, keep: int = 90) -> tuple[int, int]:
    """Keep machine code of ``keep``, and PTX where there is none; (kept, zeroed) bytes."""
    kept = zeroed = position = 0
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        while (found := data.find(MAGIC, position)) >= 0:
            position = found + 4
            version, header, size = struct.unpack_from("<HHQ", data, found + 4)
            if (version, header) != (1, 16) or size > len(data):
                continue
            parts = list(members(data, found))
            ready = any(kind == CODE and sm == keep for kind, sm, _, _ in parts)
            for kind, sm, first, length in parts:
                if (kind == CODE and sm == keep) or (kind == PTX and not ready):
                    kept += length
                else:
                    data[first : first + length] = bytes(length)
                    zeroed += length
            position = found + 16 + size
    return kept, zeroed


if __name__ == "__main__":
    left, gone = prune(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 90)
    print(f"{sys.argv[1]}: kept {left / 1e6:.0f} MB, zeroed {gone / 1e6:.0f} MB")
