"""Which files of a data set are one sample: those of one stem in its folders."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from streammat.datasets.faults import Faults
from streammat.datasets.layouts import Kind, Layout
from streammat.errors import InputError
from streammat.media.sequence import IMAGE_SUFFIXES

__all__ = ["Sample", "find_backgrounds", "find_samples"]


@dataclass(frozen=True, slots=True)
class Sample:
    """The files of one sample.

    Attributes:
        name: stem of the picture.
        kind: photo, cutout or mask.
        picture: the photograph; of a cut-out its foreground.
        alpha: its alpha or mask.
        foreground, background: published estimates of both layers, where there are any.
    """

    name: str
    kind: Kind
    picture: Path
    alpha: Path
    foreground: Path | None = None
    background: Path | None = None


def find_samples(layout: Layout, data: Path, faults: Faults) -> list[Sample]:
    """Every picture of the data set that has an alpha, by root and name.

    Args:
        layout: not of backgrounds.
        data: folder that the data set was unpacked into.
        faults: takes the files without a counterpart.

    Raises:
        InputError: a folder is missing, no sample is left, or ``faults`` is strict.
    """
    found = [
        sample for root in _roots(layout, data) for sample in _samples_of(layout, root, faults)
    ]
    if not found:
        raise InputError(f"{data}: no picture of {layout.name} has an alpha of the same name")
    return found


def find_backgrounds(layout: Layout, data: Path, faults: Faults) -> list[Path]:
    """Every picture of a set of backgrounds, by name.

    Raises:
        InputError: a folder is missing or holds no pictures, or ``faults`` is strict.
    """
    folders = [_folder(layout, root, layout.pictures, "pictures") for root in _roots(layout, data)]
    found = [path for folder in folders for path in _by_stem(folder, faults).values()]
    if not found:
        raise InputError(f"{folders[0]}: no pictures of {layout.name} here; put them there")
    return found


def _samples_of(layout: Layout, root: Path, faults: Faults) -> list[Sample]:
    picture_folder = _folder(layout, root, layout.pictures, "pictures")
    alpha_folder = _folder(layout, root, layout.alphas, "alphas")
    pictures, alphas = (_by_stem(folder, faults) for folder in (picture_folder, alpha_folder))
    for stem in sorted(pictures.keys() - alphas.keys()):
        faults.leave_out(
            pictures[stem], "without alpha", f"no alpha of this name in {alpha_folder}"
        )
    for stem in sorted(alphas.keys() - pictures.keys()):
        detail = f"no picture of this name in {picture_folder}"
        faults.leave_out(alphas[stem], "alphas without picture", detail)
    layers = [_optional(root, names, faults) for names in (layout.foregrounds, layout.backgrounds)]
    return [
        Sample(
            stem,
            layout.kind,
            pictures[stem],
            alphas[stem],
            *(layer.get(stem) for layer in layers),
        )
        for stem in sorted(pictures.keys() & alphas.keys())
    ]


def _roots(layout: Layout, data: Path) -> list[Path]:
    if not data.is_dir():
        raise InputError(f"{data}: no such folder; give the one that holds {layout.name}")
    there = [
        data / root
        for root in layout.roots
        if any((data / root / name).is_dir() for name in layout.pictures)
    ]
    if not there:
        wanted = data / layout.roots[0] / layout.pictures[0]
        raise InputError(f"{data}: no data set {layout.name} here; {wanted} was expected")
    return there if layout.every_root else there[:1]


def _folder(layout: Layout, root: Path, names: Sequence[str], what: str) -> Path:
    for name in names:
        if (root / name).is_dir():
            return root / name
    raise InputError(f"{root}: no {what} of {layout.name}; {root / names[0]} was expected")


def _optional(root: Path, names: Sequence[str], faults: Faults) -> dict[str, Path]:
    folder = next((root / name for name in names if (root / name).is_dir()), None)
    return _by_stem(folder, faults) if folder else {}


def _by_stem(folder: Path, faults: Faults) -> dict[str, Path]:
    """Pictures by stem; file systems differ in how they spell an accent, so all count as one."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in IMAGE_SUFFIXES or path.name.startswith("."):
            continue
        stem = unicodedata.normalize("NFC", path.stem)
        if stem in found:
            faults.leave_out(path, "of a name that is taken", f"{found[stem].name} is taken")
        else:
            found[stem] = path
    return found
