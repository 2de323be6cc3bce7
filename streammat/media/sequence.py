"""Which images make a sequence: a folder, a %05d pattern, a glob, or one still."""

from __future__ import annotations

import re
from pathlib import Path

from streammat.errors import MediaError

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".webp", ".ppm", ".pgm", ".tga"}
)
_PATTERN = re.compile(r"%0?(\d*)d")
_NUMBER = re.compile(r"(\d+)(?!.*\d)")


def is_pattern(path: str) -> bool:
    """``NAME.%05d.png``."""
    return _PATTERN.search(Path(path).name) is not None


def is_image_source(path: str) -> bool:
    """True for a folder, a pattern, a glob, or a file with an image suffix."""
    return (
        is_pattern(path)
        or Path(path).is_dir()
        or (_is_glob(path) and not Path(path).exists())
        or Path(path).suffix.lower() in IMAGE_SUFFIXES
    )


def list_images(path: str) -> list[Path]:
    """The images in natural order (2 before 10).

    Raises:
        MediaError: nothing matches.
    """
    target = Path(path)
    if target.is_dir():
        found = [p for p in target.iterdir() if _is_image(p)]
        hint = "a folder without images; give a video or images"
    elif is_pattern(path):
        expression = pattern_expression(target.name)
        folder = target.parent
        found = [p for p in _entries(folder) if expression.fullmatch(p.name)]
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


def pattern_expression(name: str) -> re.Pattern[str]:
    """A file-name pattern with ``%05d`` as a regular expression whose group is the number."""
    match = _PATTERN.search(name)
    assert match is not None
    digits = match.group(1)
    number = rf"(\d{{{int(digits)},}})" if digits else r"(\d+)"
    return re.compile(re.escape(name[: match.start()]) + number + re.escape(name[match.end() :]))


def number_of(path: Path) -> int | None:
    """The last run of digits in a file's stem: the frame number."""
    match = _NUMBER.search(path.stem)
    return None if match is None else int(match.group(1))


def _natural(path: Path) -> list[tuple[int, int, str]]:
    parts = re.split(r"(\d+)", path.name)
    return [(0, int(part), part) if part.isdigit() else (1, 0, part) for part in parts]


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def _is_glob(path: str) -> bool:
    return any(sign in Path(path).name for sign in "*?[")


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
