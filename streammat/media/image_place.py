"""Where the images of an output lie: folder, names, numbers; all appear together at the end."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from streammat.errors import OutputError

from .atomic import check_folder, check_target, flush_to_disk, sync_folder
from .sequence import is_pattern, pattern_expression

__all__ = ["ImagePlace"]


class ImagePlace:
    """One file, or ``folder/`` and ``NAME.%05d.png`` with a file a frame.

    Args:
        path: as asked for; ``NAME.exr`` of a clip is a sequence too (``sequence``).
        folder_name: names inside a ``folder/``.
        sequence: "%04d" where a name without a counter gets one, "" where it names one file.

    Attributes:
        still: holds exactly one picture.
        written: temporary files, in order.
    """

    def __init__(self, path: str, folder_name: str, sequence: str = "") -> None:
        self.path = path
        self.written: list[Path] = []
        self._is_folder = path.endswith(("/", "\\"))
        self._folder = Path(path) if self._is_folder else Path(path).parent
        self._name = folder_name if self._is_folder else Path(path).name
        if sequence and not self._is_folder and not is_pattern(path):
            self._name = f"{Path(path).stem}.{sequence}{Path(path).suffix}"
        self.still = not is_pattern(self._name)

    def check(self, sources: Iterable[str], *, overwrite: bool) -> None:
        """Refuse what must not be written.

        Raises:
            OutputError: existing images, the input itself, or a missing or locked folder.
        """
        if self.still:
            check_target(self.path, sources, overwrite=overwrite)
            return
        if self._folder.exists() and not self._folder.is_dir():
            raise OutputError(f"{self.path}: {self._folder} is a file; choose another name")
        present = self._present()
        for source in sources:
            if any(Path(source).samefile(old) for old in present):
                raise OutputError(f"{self.path}: is the input itself; choose another name")
        if present and not overwrite:
            raise OutputError(f"{self.path}: images exist; add --overwrite to replace them")
        existing = next(p for p in (self._folder, *self._folder.parents) if p.exists())
        if not self._is_folder and existing != self._folder:
            raise OutputError(f"{self.path}: there is no folder {self._folder}; create it first")
        check_folder(existing, self.path)

    def prepare(self) -> None:
        """Make a hidden folder on the same disk for the images so far."""
        self._temporary = _temporary_folder(self._folder)

    def temporary(self, number: int) -> Path:
        """Where the image of that number is written at first."""
        return self._temporary / f"{number:09d}"

    def publish(self) -> None:
        """Give all images their final names; those of a longer run before go.

        Raises:
            OSError: the disk is full or a rename is refused.
        """
        for image in self.written:
            flush_to_disk(image)
        old = set() if self.still else set(self._present())
        self._move(self._folder, self._name, old)
        for stale in old:
            stale.unlink()

    def keep(self) -> str:
        """Give the images so far partial names; returns where they are."""
        if self._is_folder:
            folder = self._folder.with_name(f"{self._folder.name}.partial")
            self._move(folder, self._name, set())
            return str(folder)
        stem, dot, rest = self._name.partition(".")
        name = f"{stem}.partial{dot}{rest}"
        self._move(self._folder, name, set())
        return str(self._folder / name)

    def discard(self) -> None:
        """Remove every image so far."""
        with suppress(OSError, AttributeError):
            shutil.rmtree(self._temporary)

    def _move(self, folder: Path, name: str, old: set[Path]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for image in self.written:
            target = folder / (name % int(image.name) if "%" in name else name)
            image.replace(target)
            old.discard(target)
        sync_folder(folder)
        self.discard()

    def _present(self) -> list[Path]:
        """Images of an earlier run under the same names."""
        if not self._folder.is_dir():
            return []
        expression = pattern_expression(self._name)
        return [p for p in self._folder.iterdir() if expression.fullmatch(p.name)]


def _temporary_folder(folder: Path) -> Path:
    """A fresh hidden folder on the same disk, beside the images' folder."""
    base = folder if folder.is_dir() else next(p for p in folder.parents if p.is_dir())
    number = 0
    while True:
        candidate = base / f".{folder.name or 'images'}.{os.getpid()}.{number}.tmp"
        try:
            candidate.mkdir()
        except FileExistsError:
            number += 1
        else:
            return candidate
