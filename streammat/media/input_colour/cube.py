"""``.cube`` look-up tables (Adobe, "Cube LUT Specification 1.0"): one- and three-dimensional."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Never

import numpy as np

from streammat.errors import ConfigError
from streammat_kernels.lut import Lut

__all__ = ["read_cube"]

_LARGEST = {1: 65536, 3: 256}  # entries a side, by the specification
_WORDS = {"TITLE", "DOMAIN_MIN", "DOMAIN_MAX", "LUT_1D_SIZE", "LUT_3D_SIZE"}
_RANGES = {"LUT_1D_INPUT_RANGE", "LUT_3D_INPUT_RANGE"}  # DaVinci Resolve's way to state the domain
_LONGEST = 64 << 20  # bytes; a table of 256 a side would be larger, but nobody writes one

Triple = tuple[float, float, float]


@dataclass(slots=True)
class _Draft:
    """What the lines read so far say."""

    path: str
    dimensions: int = 0
    size: int = 0
    low: Triple = (0.0, 0.0, 0.0)
    high: Triple = (1.0, 1.0, 1.0)
    rows: list[Triple] = field(default_factory=list)

    def refuse(self, number: int, what: str) -> Never:
        place = f" line {number}" if number else ""
        raise ConfigError(
            f"--input-colour {self.path}{place}: {what}; export the .cube file again, or choose "
            "a curve by name"
        )


def read_cube(path: str) -> Lut:
    """A ``.cube`` file as a table from the plate's R'G'B' to R'G'B' 0..255.

    Raises:
        ConfigError: not there, or not as the specification has it; the line is named.
    """
    try:
        stat = Path(path).stat()
    except OSError as error:
        raise ConfigError(f"--input-colour {path}: no such file; check the path") from error
    return _read(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=4)
def _read(path: str, changed: int, size: int) -> Lut:
    del changed  # only there to read a file again that was replaced
    draft = _Draft(path)
    if size > _LONGEST:
        draft.refuse(0, f"{size >> 20} MiB are no table of a sensible size")
    for number, words in _lines(path):
        _take(draft, number, words)
    if not draft.size:
        draft.refuse(0, "neither LUT_1D_SIZE nor LUT_3D_SIZE, so this is no .cube file")
    wanted = draft.size**draft.dimensions
    if len(draft.rows) != wanted:
        draft.refuse(0, f"{len(draft.rows)} rows of numbers; {wanted} belong to its size")
    if any(high <= low for low, high in zip(draft.low, draft.high, strict=True)):
        draft.refuse(0, f"the domain {draft.low} to {draft.high} spans nothing")
    return _table(draft)


def _lines(path: str) -> Iterator[tuple[int, list[str]]]:
    """Numbered lines that say something, as words."""
    text = Path(path).read_text(encoding="utf-8-sig", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", maxsplit=1)[0].split()
        if words:
            yield number, words


def _take(draft: _Draft, number: int, words: list[str]) -> None:
    word = words[0].upper()
    if word in {"LUT_1D_SIZE", "LUT_3D_SIZE"}:
        _take_size(draft, number, int(word[4]), words[1:])
    elif word == "DOMAIN_MIN":
        draft.low = _triple(draft, number, words[1:])
    elif word == "DOMAIN_MAX":
        draft.high = _triple(draft, number, words[1:])
    elif word in _RANGES:
        low, high = _numbers(draft, number, words[1:], 2)
        draft.low, draft.high = (low,) * 3, (high,) * 3
    elif word != "TITLE":
        if word[0].isalpha() and word not in _WORDS | {"NAN", "INF"}:
            draft.refuse(number, f"unknown keyword {words[0]}")
        draft.rows.append(_triple(draft, number, words))


def _take_size(draft: _Draft, number: int, dimensions: int, words: list[str]) -> None:
    if draft.size:
        draft.refuse(number, "a second size; a table is one- or three-dimensional, not both")
    size = int(words[0]) if len(words) == 1 and words[0].isdigit() else 0
    if not 2 <= size <= _LARGEST[dimensions]:
        draft.refuse(number, f"size {' '.join(words)}; 2..{_LARGEST[dimensions]} are allowed")
    draft.dimensions, draft.size = dimensions, size


def _triple(draft: _Draft, number: int, words: list[str]) -> Triple:
    red, green, blue = _numbers(draft, number, words, 3)
    return red, green, blue


def _numbers(draft: _Draft, number: int, words: list[str], count: int) -> list[float]:
    try:
        values = [float(word) for word in words]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        draft.refuse(number, f"'{' '.join(words)[:40]}' is not {count} numbers")
    return values


def _table(draft: _Draft) -> Lut:
    """Red changes fastest in the file; a table is indexed [red, green, blue]."""
    rows = np.array(draft.rows, np.float64).clip(0.0, 1.0) * 255.0
    if draft.dimensions == 3:
        rows = rows.reshape((draft.size,) * 3 + (3,)).transpose(2, 1, 0, 3)
    table = np.ascontiguousarray(rows, np.float32)
    return Lut(table, draft.low, draft.high)
