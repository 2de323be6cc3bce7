"""Where the images of an output lie: folder, names, numbers; all appear together at the end."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from streammat.errors import OutputError
from streammat.hidden import clear_dead, hidden_name

from .atomic import check_folder, check_target, flush_to_disk, sync_folder
from .counter import Counter, counter_of
from .sequence import spans

__all__ = ["FOLDER_NAMES", "ImagePlace", "written_names"]

FOLDER_NAMES = {"png": "%05d.png", "tiff": "%05d.tif", "exr": "%04d.exr"}
_MANY_DIGITS = 10**9  # no counter fills this number with zeros: %d and %04d meet here


class ImagePlace:
    """One file, or ``folder/`` and ``NAME.%05d.png`` with a file a frame.

    Args:
        path: as asked for; ``NAME.exr`` of a clip is a sequence too (``sequence``).
        folder_name: names inside a ``folder/``.
        sequence: "%04d" where a name without a counter gets one, "" where it names one file.
        overwrite: images of an earlier run may be replaced.

    Attributes:
        still: holds exactly one picture.
        written: temporary files, in order.
    """

    def __init__(
        self, path: str, folder_name: str, sequence: str = "", *, overwrite: bool = False
    ) -> None:
        self.path = path
        self.written: list[Path] = []
        self._overwrite = overwrite
        self._is_folder = path.endswith(("/", "\\"))
        self._folder = Path(path) if self._is_folder else Path(path).parent
        self._name = folder_name if self._is_folder else Path(path).name
        if sequence and not self._is_folder and counter_of(path) is None:
            self._name = f"{Path(path).stem}.{sequence}{Path(path).suffix}"
        self._counter = counter_of(self._name)
        self.still = self._counter is None

    def check(self, sources: Iterable[str], numbers: range) -> None:
        """Refuse what must not be written.

        Args:
            sources: files that are read by the job.
            numbers: of the images that will be written, as far as that is known; images of other
                numbers do not matter.

        Raises:
            OutputError: existing images, the input itself, or a missing or locked folder.
        """
        if self.still:
            check_target(self.path, sources, overwrite=self._overwrite)
            return
        if self._folder.exists() and not self._folder.is_dir():
            raise OutputError(f"{self.path}: {self._folder} is a file; choose another name")
        present = self._present()
        if present and not _identities(present.values()).isdisjoint(_identities(sources)):
            raise OutputError(f"{self.path}: is the input itself; choose another name")
        taken = sorted(number for number in present if number in numbers)
        if taken and not self._overwrite:
            raise OutputError(
                f"{self.path}: images exist ({spans(taken)}); add --overwrite to replace them"
            )
        existing = next(p for p in (self._folder, *self._folder.parents) if p.exists())
        if not self._is_folder and existing != self._folder:
            raise OutputError(f"{self.path}: there is no folder {self._folder}; create it first")
        check_folder(existing, self.path)

    def prepare(self) -> None:
        """Make a hidden folder on the same disk for the images so far."""
        self._temporary = _temporary_folder(self._folder)

    def temporary(self, number: int) -> Path:
        """Where the image of that number is written at first.

        Raises:
            OutputError: an image of its final name is there and must stay; how many frames a clip
                has is not always known before.
        """
        target = self._folder / _numbered(self._counter, self._name, number)
        if not self._overwrite and target.exists():
            raise OutputError(f"{target}: exists; add --overwrite to replace it")
        return self._temporary / f"{number:09d}"

    def publish(self) -> int:
        """Give all images their final names; those of other numbers stay as they are.

        Returns:
            How many images of other numbers lie beside them.

        Raises:
            OSError: the disk is full or a rename is refused; ``written`` is what is left to do.
        """
        for image in self.written:
            flush_to_disk(image)
        numbers = {int(image.name) for image in self.written}
        older = self._present()
        self._move(self._folder, self._name)
        return sum(number not in numbers for number in older)

    def keep(self) -> str:
        """Give the images so far partial names; returns where they are."""
        if self._is_folder:
            folder = self._folder.with_name(f"{self._folder.name}.partial")
            self._move(folder, self._name)
            return str(folder)
        stem, dot, rest = self._name.partition(".")
        name = f"{stem}.partial{dot}{rest}"
        self._move(self._folder, name)
        return str(self._folder / name)

    def discard(self) -> None:
        """Remove every image so far."""
        with suppress(OSError, AttributeError):
            shutil.rmtree(self._temporary)

    def _move(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        counter = counter_of(name)
        moved = 0
        try:
            for image in self.written:
                image.replace(folder / _numbered(counter, name, int(image.name)))
                moved += 1
        finally:
            del self.written[:moved]
        sync_folder(folder)
        self.discard()

    def _present(self) -> dict[int, Path]:
        """Images of an earlier run by number; only of names that this one would write."""
        if self._counter is None or not self._folder.is_dir():
            return {}
        numbers = ((self._counter.number(p.name), p) for p in self._folder.iterdir())
        return {number: path for number, path in numbers if number is not None}


def written_names(path: str, delivery: str) -> set[Path]:
    """The files of an output at one frame: two outputs that share a name write the same files.

    Args:
        path: as asked for; ``NAME.exr`` counts as itself and as the sequence that it is of a clip.
        delivery: its name, such as png.
    """
    folder = path.endswith(("/", "\\"))
    given = Path(path) / FOLDER_NAMES[delivery] if folder else Path(path)
    names = [given.name]
    if delivery == "exr" and counter_of(given.name) is None:
        names.append(f"{given.stem}.%04d{given.suffix}")
    place = given.parent.resolve()
    return {place / _numbered(counter_of(name), name, _MANY_DIGITS) for name in names}


def _numbered(counter: Counter | None, name: str, number: int) -> str:
    return name if counter is None else counter.name(number)


def _identities(paths: Iterable[str | Path]) -> set[tuple[int, int]]:
    """What tells files apart, whatever they are called."""
    found = set()
    for path in paths:
        with suppress(OSError):
            facts = Path(path).stat()
            found.add((facts.st_dev, facts.st_ino))
    return found


def _temporary_folder(folder: Path) -> Path:
    """A fresh hidden folder on the same disk, in the images' folder or beside it.

    What killed processes left there is removed.
    """
    base = folder if folder.is_dir() else next(p for p in folder.parents if p.is_dir())
    stem = folder.name or "images"
    for place in {base, folder.parent}:  # a first run has no folder to lie in
        clear_dead(place, stem)
    number = 0
    while True:
        candidate = base / hidden_name(stem, number)
        try:
            candidate.mkdir()
        except FileExistsError:
            number += 1
        else:
            return candidate
