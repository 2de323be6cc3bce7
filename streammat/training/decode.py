"""The data folder of recipes without data sets, decoded once.

It holds `pairs.jsonl`, a line ``{"name": NAME, "src": SOURCE}`` for each pair, `pairs/NAME.webp`
(or ``.jpg``) with its alpha `pairs/NAME.png`, `cutouts/` of pictures that carry their alpha, and
`backgrounds/`. The last two may be missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from streammat.datasets import Faults
from streammat.datasets.reading import read_alpha, read_cutout, read_rgb
from streammat.errors import InputError, MediaError
from streammat.media.sequence import IMAGE_SUFFIXES
from streammat.training.cache import Bytes, Item, estimate_foreground, within, write_cache
from streammat.training.fingerprint import files_digest

BACKGROUND_MAX_SIDE_PX = 640
LIST = "pairs.jsonl"
_PICTURE_SUFFIXES = (".webp", ".jpg", ".jpeg")
_FOLDERS = ("cutouts", "backgrounds")  # which are read whole


def build_cache(data: Path, cache: Path, faults: Faults | None = None) -> None:
    """Decode everything under `data` into `cache`; see `write_cache`.

    Args:
        data: see above.
        cache: folder, made if it is missing.
        faults: takes pictures that cannot be used; None refuses them.

    Raises:
        InputError: no such folder, no pair that can be used, or ``faults`` is strict.
        OSError: the disk is full.
    """
    faults = faults or Faults(print, strict=True)
    records = list_pairs(data, faults)

    def items() -> Iterator[Item]:
        usable = 0
        for item in _pairs(data, records, faults):
            usable += 1
            yield item
        if not usable:
            raise InputError(f"{data / LIST}: no pair can be used; {faults.summary()}")
        yield from _cutouts(data, faults)
        yield from _backgrounds(data, faults)

    write_cache(items(), cache, origin_of(data), faults)


def origin_of(data: Path) -> str:
    """Tells all files apart that `build_cache` reads, and no others; see `files_digest`."""
    files = [(LIST, data / LIST)]
    for name in _listed(data):
        picture, alpha = _files_of(data, name)
        files += [(f"pairs/{name}{path.suffix}", path) for path in (picture, alpha)]
    for folder in _FOLDERS:
        files += [(f"{folder}/{path.name}", path) for path in _pictures(data / folder)]
    there = [(name, path) for name, path in files if path.is_file()]
    return files_digest(sorted(there, key=lambda file: file[0].split("/")))


def _unheard(line: str) -> None:
    del line  # `build_cache` says it


def _listed(data: Path) -> list[str]:
    """Names of the pairs; none where `build_cache` will refuse the list."""
    try:
        return [name for name, _ in list_pairs(data, Faults(_unheard))]
    except InputError:
        return []


def list_pairs(data: Path, faults: Faults) -> list[tuple[str, str]]:
    """Name and source of every pair, as listed.

    Raises:
        InputError: the folder or the list is missing or of no use, or ``faults`` is strict.
    """
    if not data.is_dir():
        raise InputError(f"{data}: no such folder; check --data")
    path = data / LIST
    if not path.is_file():
        raise InputError(
            f"{data}: no {LIST}, which lists pairs; make one, or name data sets in a [data] table "
            'of the recipe (pictures and alphas in folders: sets = ["folder"])'
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: no UTF-8 text ({error}); save it as such") from error
    found = _records(path, lines, faults)
    if not found:
        raise InputError(f"{path}: no pair can be used, as none is listed; {faults.summary()}")
    return list(found.items())


def unlisted(data: Path) -> list[str]:
    """Names of pictures in `pairs/` that the list lacks: nothing is trained on them."""
    return sorted({path.stem for path in _pictures(data / "pairs")} - set(_listed(data)))


def _records(path: Path, lines: Sequence[str], faults: Faults) -> dict[str, str]:
    """Source by name; what is wrong with a line is told with its number."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        record, wrong = _record(line), ""
        if record is None:
            wrong = 'no "name" and "src"' if line.strip() else ""
        elif record[0] in found:
            wrong = f"{record[0]} is listed twice"
        elif not _is_inside(record[0]):
            wrong = f"{record[0]!r} is not the name of a picture in pairs/"
        else:
            found.update([record])
        if wrong:
            faults.leave_out(path, "wrong lines", f"line {number}: {wrong}")
    return found


def _is_inside(name: str) -> bool:
    """Whether it names something in the folder that it is looked for in."""
    path = PurePath(name)
    return bool(path.name) and not path.is_absolute() and ".." not in path.parts


def _record(line: str) -> tuple[str, str] | None:
    try:
        record: Any = json.loads(line)
        name, source = record["name"], record["src"]
    except (ValueError, TypeError, KeyError):
        return None
    return (name, source) if isinstance(name, str) and isinstance(source, str) else None


def _pairs(data: Path, records: list[tuple[str, str]], faults: Faults) -> Iterator[Item]:
    for name, source in records:
        files = _complete(data, name, faults)
        if files is None:
            continue
        try:
            pixels = _pair(*files)
        except MediaError as error:
            faults.unreadable(error)
            continue
        yield "pair", name, source, pixels


def _complete(data: Path, name: str, faults: Faults) -> tuple[Path, Path] | None:
    """Picture and alpha of a pair; None where one of them is missing."""
    picture, alpha = _files_of(data, name)
    if not picture.is_file():
        there = "alphas without picture" if alpha.is_file() else "missing"
        faults.leave_out(picture, there, "listed, but not there (.webp, .jpg or .jpeg)")
    elif not alpha.is_file():
        faults.leave_out(picture, "without alpha", f"no {alpha.name} beside it")
    else:
        return picture, alpha
    return None


def _files_of(data: Path, name: str) -> tuple[Path, Path]:
    """Picture and alpha of a pair; either may be missing."""
    paths = [data / "pairs" / f"{name}{suffix}" for suffix in _PICTURE_SUFFIXES]
    picture = next((path for path in paths if path.is_file()), paths[0])
    return picture, data / "pairs" / f"{name}.png"


def check_pixels(data: Path, records: list[tuple[str, str]], faults: Faults) -> None:
    """Read everything that `build_cache` would, and keep nothing.

    Raises:
        InputError: a file is of no use and ``faults`` is strict.
    """
    for name, _ in records:
        files = _complete(data, name, faults)
        try:
            if files is not None:
                _read(*files)
        except MediaError as error:
            faults.unreadable(error)
    for _ in chain(_cutouts(data, faults), _backgrounds(data, faults)):
        pass


def _pair(picture: Path, alpha_path: Path) -> Bytes:
    rgb, alpha = _read(picture, alpha_path)
    return np.concatenate([rgb, alpha[..., None], estimate_foreground(rgb, alpha)], axis=2)


def _read(picture: Path, alpha_path: Path) -> tuple[Bytes, Bytes]:
    rgb, alpha = read_rgb(picture), read_alpha(alpha_path)
    if rgb.shape[:2] != alpha.shape:
        raise MediaError(
            f"{picture}: {rgb.shape[1]}x{rgb.shape[0]} pixels, "
            f"but its alpha is {alpha.shape[1]}x{alpha.shape[0]}"
        )
    return rgb, alpha


def _pictures(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )


def _cutouts(data: Path, faults: Faults) -> Iterator[Item]:
    for path in _pictures(data / "cutouts"):
        try:
            yield "cutout", path.name, "cutouts", read_cutout(path)
        except MediaError as error:
            faults.unreadable(error)


def _backgrounds(data: Path, faults: Faults) -> Iterator[Item]:
    for path in _pictures(data / "backgrounds"):
        try:
            image = read_rgb(path)
        except MediaError as error:
            faults.unreadable(error)
            continue
        yield "background", path.name, "backgrounds", within(image, BACKGROUND_MAX_SIDE_PX)
