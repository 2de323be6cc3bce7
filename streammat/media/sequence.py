"""Which images make a sequence: a folder, a %05d pattern, a glob, a still; and what is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from streammat.errors import MediaError

from .counter import Counter, counter_of, has_two_counters

IMAGE_SUFFIXES = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".tif", ".tiff", ".exr", ".dpx"),
        *(".bmp", ".webp", ".ppm", ".pgm", ".tga"),
    }
)
_SHOWN = 4  # of several sequences, in a message
_NUMBER = re.compile(r"(\d+)(?!.*\d)")


@dataclass(frozen=True, slots=True)
class Images:
    """A sequence in order.

    Attributes:
        paths: one a place; None where an image is missing.
        first_number: number in the name of the first, None where names are not numbered alike.
        step: by which the numbers rise from place to place.
        renumbered: the names have numbers too far apart to be kept: they are counted on from the
            first instead.
    """

    paths: tuple[Path | None, ...]
    first_number: int | None
    step: int = 1
    renumbered: bool = False

    @property
    def holes(self) -> list[int]:
        """Places (0-based) without an image."""
        return [place for place, path in enumerate(self.paths) if path is None]


def is_image_source(path: str) -> bool:
    """True for a folder, a pattern, a glob, or a file with an image suffix.

    A file of exactly that name is what is meant, whatever signs its name has.
    """
    target = Path(path)
    if not target.is_file() and (target.is_dir() or counter_of(path) or _is_glob(path)):
        return True
    return target.suffix.lower() in IMAGE_SUFFIXES


def list_images(path: str) -> list[Path]:
    """The images in natural order (2 before 10).

    Raises:
        MediaError: nothing matches, or a pattern with two counters.
    """
    target = Path(path)
    if target.is_dir():
        found = [p for p in target.iterdir() if _is_image(p)]
        hint = "a folder without images; give a video or images"
    elif counter := _counter(path):
        expression = counter.expression()
        found = [p for p in _entries(target.parent) if expression.fullmatch(p.name)]
        hint = "no image matches this pattern; check the name"
    elif _is_glob(path) and not target.exists():
        found = [p for p in target.parent.glob(target.name) if _is_image(p)]
        hint = "no image matches; check the name"
    elif target.is_file():
        found = [target]
        hint = ""
    else:
        found, hint = [], "no such file; check the path"
    if not found:
        raise MediaError(f"{path}: {hint}")
    return sorted(found, key=_natural)


def find_sequence(path: str, *, steps: bool = True) -> Images:
    """The images of a source with their gaps.

    A pattern is a numbered sequence by its meaning. A folder or a glob is one when its names differ
    in one number only and at least half of the numbers from the first to the last are there;
    else (a folder of photographs) the images simply follow one another.

    Args:
        path: of the source.
        steps: numbers that rise by the same step are all there (every third frame was made);
            False: what lies between them is missing.

    Raises:
        MediaError: nothing matches, several sequences do, or numbers are below 0.
    """
    found = list_images(path)
    if counter := _counter(path):
        _refuse_negative(path, counter.before, [p.name for p in _entries(Path(path).parent)])
        expression = counter.expression()
        numbers = [int(match[1]) for p in found if (match := expression.fullmatch(p.name))]
        return _with_gaps(found, numbers, steps)
    parts = [_around_number(p.name) for p in found]
    if len(found) > 1:
        for before in {part[0] for part in parts if part[0].endswith("-")}:
            _refuse_negative(path, before.removesuffix("-"), [p.name for p in found])
    _refuse_several(path, parts)
    numbers = [int(part[1]) for part in parts]
    alike = len({(part[0], part[2]) for part in parts}) == 1 and parts[0][1] != "-1"
    if alike and _in_a_row(numbers):
        return _with_gaps(found, numbers, steps)
    return Images(tuple(found), number_of(found[0]), renumbered=alike and len(found) > 1)


def _in_a_row(numbers: Sequence[int]) -> bool:
    """All different, and dense or rising by one step."""
    dense = max(numbers) - min(numbers) + 1 <= 2 * len(numbers)
    return len(set(numbers)) == len(numbers) and (dense or _step(numbers) > 1)


def _with_gaps(found: Sequence[Path], numbers: Sequence[int], steps: bool) -> Images:
    by_number = dict(zip(numbers, found, strict=True))
    first, last = min(numbers), max(numbers)
    step = _step(list(by_number)) if steps else 1
    places = range(first, last + 1, step)
    return Images(tuple(by_number.get(number) for number in places), first, step)


def _step(numbers: Sequence[int]) -> int:
    """By how much numbers rise, where it is always the same; of two alone a hole is as likely."""
    ordered = sorted(numbers)
    found = {after - before for before, after in pairwise(ordered)}
    return found.pop() if len(found) == 1 and len(ordered) > 2 else 1


def _refuse_several(path: str, parts: Sequence[tuple[str, str, str]]) -> None:
    """One clip made of two sequences is nobody's wish; a stray picture among photographs is."""
    groups: dict[tuple[str, str], list[str]] = {}
    for before, number, after in parts:
        groups.setdefault((before, after), []).append(number)
    sequences = {
        ends: digits
        for ends, digits in groups.items()
        if len(digits) > 1 and _in_a_row([int(number) for number in digits])
    }
    if len(sequences) < 2:
        return
    shown = [_named(*ends, digits) for ends, digits in list(sequences.items())[:_SHOWN]]
    rest = len(sequences) - len(shown)
    raise MediaError(
        f"{path}: holds {len(sequences)} sequences: {', '.join(shown)}"
        f"{f' and {rest} more' if rest else ''}; give one of them by its pattern"
    )


def _named(before: str, after: str, digits: Sequence[str]) -> str:
    """``shot.%04d.png (3)``."""
    width = {len(number) for number in digits}
    counter = f"%0{max(width)}d" if len(width) == 1 and width != {1} else "%d"
    return f"{before}{counter}{after} ({len(digits)})"


def _refuse_negative(path: str, before: str, names: Sequence[str]) -> None:
    """Behind a dot or the like a minus is part of the number, behind a word it is a dash."""
    if not before.endswith((".", "_", " ")):
        return
    expression = re.compile(re.escape(before) + r"-\d+\.[^.]+")
    if below := next((name for name in names if expression.fullmatch(name)), None):
        raise MediaError(
            f"{path}: {below}: frame numbers below 0 are not read; renumber the images from 0 up"
        )


def spans(numbers: Sequence[int]) -> str:
    """``1005, 1007-1009`` of rising numbers; a long list ends with its rest counted."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    words = [str(a) if a == b else f"{a}-{b}" for a, b in runs]
    shown = 8
    rest = sum(b - a + 1 for a, b in runs[shown:])
    return ", ".join(words[:shown]) + (f" and {rest} more" if rest else "")


def _counter(path: str) -> Counter | None:
    """Of a source; None for a file or folder that is there under exactly this name."""
    if Path(path).exists():
        return None
    if has_two_counters(path):
        raise MediaError(f"{path}: has two counters; keep one and write the other's number")
    return counter_of(path)


def number_of(path: Path) -> int | None:
    """The last run of digits in a file's stem: the frame number."""
    match = _NUMBER.search(path.stem)
    return None if match is None else int(match.group(1))


def _around_number(name: str) -> tuple[str, str, str]:
    """What stands before, in and after the last run of digits of the stem; -1 without any."""
    stem = Path(name).stem
    match = _NUMBER.search(stem)
    if match is None:
        return stem, "-1", name[len(stem) :]
    return stem[: match.start()], match[1], name[match.end() :]


def _natural(path: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _is_glob(path: str) -> bool:
    return any(sign in Path(path).name for sign in "*?[")


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
