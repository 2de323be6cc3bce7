"""Which alpha and trimap belong to which image: files of one stem in three folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from streammat.errors import InputError
from streammat.media.sequence import IMAGE_SUFFIXES

__all__ = ["Example", "find_examples"]


@dataclass(frozen=True, slots=True)
class Example:
    """One image with its true alpha and, if there is one, its trimap."""

    image: Path
    alpha: Path
    trimap: Path | None = None

    @property
    def name(self) -> str:
        """The image's stem."""
        return self.image.stem


def find_examples(
    images: Path,
    alphas: Path,
    trimaps: Path | None = None,
    *,
    notify: Callable[[str], None],
) -> list[Example]:
    """Every image that has an alpha, by name; a line for each file that has no counterpart.

    Raises:
        InputError: a folder that is not there, two files of one stem, or no pair at all.
    """
    pictures, truths = _by_stem(images), _by_stem(alphas)
    regions = _by_stem(trimaps) if trimaps is not None else {}
    for stem in sorted(pictures.keys() - truths.keys()):
        notify(f"{pictures[stem]}: no alpha of this name in {alphas}; left out")
    for stem in sorted(truths.keys() - pictures.keys()):
        notify(f"{truths[stem]}: no image of this name in {images}; left out")
    both = sorted(pictures.keys() & truths.keys())
    if trimaps is not None:
        for stem in both:
            if stem not in regions:
                notify(f"{pictures[stem]}: no trimap of this name in {trimaps}; scored without")
    if not both:
        raise InputError(f"no image in {images} has an alpha of the same name in {alphas}")
    return [Example(pictures[stem], truths[stem], regions.get(stem)) for stem in both]


def _by_stem(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the path")
    found = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES]
    if not found:
        raise InputError(f"{folder}: no images in it; check the path")
    by_stem: dict[str, Path] = {}
    for path in sorted(found):
        if path.stem in by_stem:
            raise InputError(
                f"{path} and {by_stem[path.stem].name} have one name; which belongs to its "
                "counterpart is open: rename or remove one"
            )
        by_stem[path.stem] = path
    return by_stem
