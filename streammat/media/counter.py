"""The counter in the name of an image sequence: ``%04d``, ``%d``, ``####`` or ``@@@@``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Counter", "counter_of", "has_two_counters", "is_pattern"]

_COUNTER = re.compile(r"%0?(\d*)d|(##+|@@+)")  # a single # or @ is a letter of the name


@dataclass(frozen=True, slots=True)
class Counter:
    """A file name with a counter; every other character, a % too, stands for itself.

    Attributes:
        before, after: what stands around the counter.
        digits: that a number has at least, filled with zeros.
    """

    before: str
    after: str
    digits: int

    def name(self, number: int) -> str:
        """The file name of a number from 0."""
        return f"{self.before}{str(number).zfill(self.digits)}{self.after}"

    def expression(self) -> re.Pattern[str]:
        """Matches the names that are read; the group is the number."""
        number = rf"(\d{{{max(self.digits, 1)},}})"
        return re.compile(re.escape(self.before) + number + re.escape(self.after))

    def number(self, name: str) -> int | None:
        """The number whose name this is exactly as it is written, None for any other name."""
        match = self.expression().fullmatch(name)
        if match is None or self.name(int(match[1])) != name:
            return None
        return int(match[1])


def counter_of(path: str) -> Counter | None:
    """The counter in the last part of a path, None without one."""
    name = Path(path).name
    match = _COUNTER.search(name)
    if match is None:
        return None
    digits = len(match[2]) if match[2] else int(match[1] or 0)
    return Counter(name[: match.start()], name[match.end() :], digits)


def is_pattern(path: str) -> bool:
    """``NAME.%05d.png``, ``NAME.#####.png`` or ``NAME.@@@@@.png``."""
    return counter_of(path) is not None


def has_two_counters(path: str) -> bool:
    """The name has more than one counter: which of them counts cannot be told."""
    return len(_COUNTER.findall(Path(path).name)) > 1
