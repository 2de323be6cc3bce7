"""A sequence of PNG images, or one still; all of them appear together when the job is done."""

from __future__ import annotations

import os
import shutil
from collections import deque
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from streammat.errors import OutputError, StreammatError
from streammat.settings import MatteSettings, OutputKind
from streammat.types import ColourTags, Frame, Plane, StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting, Transfer

from .atomic import check_folder, check_target, flush_to_disk, sync_folder
from .ffmpeg import writing
from .icc import rgb_profile
from .notices import Notices, Notify
from .png import PngEncoder
from .sequence import is_pattern, pattern_expression
from .sink import Picture, sources_of

_SRGB_TRANSFER = 13
_FOLDER_NAME = "%05d.png"


class ImageSink:
    """See :class:`streammat.media.sink.Sink`.

    ``NAME.%05d.png`` and ``folder/`` hold one file per frame, numbered like a source sequence or
    from 0; ``NAME.png`` holds exactly one.
    """

    def __init__(
        self,
        path: str,
        kind: OutputKind,
        info: StreamInfo,
        settings: MatteSettings,
        *,
        notify: Notify,
        metadata: dict[str, str],
    ) -> None:
        self.path = path
        self.wants = kind
        self.frames = 0
        self.layout = _layout(kind, info, settings.extra.get("png_bits"))
        self.colour = _colour(kind, info)
        self.width, self.height = info.width, info.height
        self._notices = Notices(notify)
        self._still = not path.endswith(("/", "\\")) and not is_pattern(path)
        self._folder, self._name = _place(path)
        self._first_number = int(info.metadata.get("first_number", "0"))
        self._check(info, settings)
        self._written: list[Path] = []
        self._numbers: deque[int] = deque()
        self._open = True
        threads = 1 if self._still else settings.threads or os.cpu_count() or 1
        with writing(path):
            self._temporary = _temporary_folder(self._folder)
            self._encoder = PngEncoder(
                self.layout,
                self.width,
                self.height,
                self._tags(info),
                metadata,
                threads,
                profile=self._profile(info),
            )

    def new_picture(self) -> Picture:
        """Fresh planes: R, G, B [, A] or the alpha as gray."""
        count = (3 if self.layout.family is Family.RGB else 1) + self.layout.alpha
        return Picture(tuple(self._plane() for _ in range(count)), None)

    def _plane(self) -> Plane:
        size = (self.height, self.width)
        return np.empty(size, np.uint8) if self.layout.bits == 8 else np.empty(size, np.uint16)

    def write(self, picture: Picture, frame: Frame) -> None:
        """Encode a filled picture; its number follows from ``frame.index``."""
        if self._still and self.frames == 1:
            raise OutputError(
                f"{self.path}: holds one picture and the source has more; "
                f"use {Path(self.path).stem}.%05d.png or a folder/"
            )
        self._numbers.append(self._first_number + frame.index)
        with writing(self.path):
            self._store(self._encoder.encode(picture.planes))
        self.frames += 1

    def describe(self) -> str:
        """Channels and depth in a few words."""
        channels = "gray" if self.layout.family is Family.GRAY else "RGB"
        return (
            f"PNG {channels}{' with alpha' if self.layout.alpha else ''}, {self.layout.bits} bits"
        )

    def close(self) -> None:
        """Give all images their final names."""
        if not self._open:
            return
        try:
            if self.frames == 0:
                raise OutputError(f"{self.path}: nothing to write, no frame arrived")
            with writing(self.path):
                self._store(self._encoder.flush())
                self._publish(self._folder, self._name, clear=True)
        except BaseException:
            self._discard()
            raise
        self._open = False

    def abort(self, *, partial: bool) -> str | None:
        """Keep the images so far under partial names or remove them."""
        if not self._open:
            return None
        if not partial or self.frames == 0:
            self._discard()
            return None
        folder, name = self._partial_place()
        try:
            with writing(self.path):
                self._store(self._encoder.flush())
                self._publish(folder, name, clear=False)
        except StreammatError:
            self._discard()
            return None
        self._open = False
        return str(folder) if name == _FOLDER_NAME else str(folder / name)

    def _check(self, info: StreamInfo, settings: MatteSettings) -> None:
        sources = sources_of(info)
        if self._still:
            check_target(self.path, sources, overwrite=settings.overwrite)
            if not info.still and settings.limit != 1 and info.frames != 1:
                raise OutputError(
                    f"{self.path}: holds one picture and the source is a video; "
                    f"use {Path(self.path).stem}.%05d.png or a folder/"
                )
            return
        if self._folder.exists() and not self._folder.is_dir():
            raise OutputError(f"{self.path}: {self._folder} is a file; choose another name")
        present = self._present()
        for source in sources:
            if any(Path(source).samefile(old) for old in present):
                raise OutputError(f"{self.path}: is the input itself; choose another name")
        if present and not settings.overwrite:
            raise OutputError(f"{self.path}: images exist; add --overwrite to replace them")
        existing = next(p for p in (self._folder, *self._folder.parents) if p.exists())
        if self._name != _FOLDER_NAME and existing != self._folder:
            raise OutputError(f"{self.path}: there is no folder {self._folder}; create it first")
        check_folder(existing, self.path)

    def _present(self) -> list[Path]:
        """Images of an earlier run under the same names."""
        if not self._folder.is_dir():
            return []
        expression = pattern_expression(self._name)
        return [p for p in self._folder.iterdir() if expression.fullmatch(p.name)]

    def _tags(self, info: StreamInfo) -> ColourTags:
        """Display-referred RGB is sRGB for every viewer; HDR keeps its code points (cICP)."""
        hdr = self.colour.transfer in {Transfer.PQ, Transfer.HLG}
        transfer = info.tags.transfer if hdr else _SRGB_TRANSFER
        primaries = info.tags.primaries if self.wants is not OutputKind.ALPHA else 1
        if self.layout.family is Family.GRAY:
            return ColourTags(full_range=True)
        return ColourTags(primaries, transfer, 0, full_range=True)

    def _profile(self, info: StreamInfo) -> bytes | None:
        """The ICC profile of a still, where its colours are written on."""
        if not info.still or self.layout.family is Family.GRAY:
            return None
        return rgb_profile(sources_of(info))

    def _store(self, files: list[bytes]) -> None:
        for data in files:
            target = self._temporary / f"{self._numbers.popleft():09d}"
            with target.open("wb") as file:
                file.write(data)
            self._written.append(target)

    def _publish(self, folder: Path, name: str, *, clear: bool) -> None:
        for image in self._written:
            flush_to_disk(image)
        old = set(self._present()) if clear and not self._still else set()
        folder.mkdir(parents=True, exist_ok=True)
        for image in self._written:
            target = folder / (name % int(image.name) if "%" in name else name)
            image.replace(target)
            old.discard(target)
        for stale in old:  # of a longer run before: not part of this sequence
            stale.unlink()
        sync_folder(folder)
        self._temporary.rmdir()

    def _partial_place(self) -> tuple[Path, str]:
        if self._name == _FOLDER_NAME:
            return self._folder.with_name(f"{self._folder.name}.partial"), self._name
        stem, dot, rest = self._name.partition(".")
        return self._folder, f"{stem}.partial{dot}{rest}"

    def _discard(self) -> None:
        self._open = False
        with suppress(OSError):
            shutil.rmtree(self._temporary)


def _place(path: str) -> tuple[Path, str]:
    """Folder and file-name pattern of an image output."""
    if path.endswith(("/", "\\")):
        return Path(path), _FOLDER_NAME
    return Path(path).parent, Path(path).name


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


def _layout(kind: OutputKind, info: StreamInfo, asked: str | None = None) -> PixelLayout:
    """16 bits for an alpha on its own and for sources of more than 8 bits, else 8; or as asked."""
    if kind is OutputKind.ALPHA:
        return PixelLayout(Family.GRAY, 1, 1, 16)
    bits = int(asked) if asked else 16 if info.layout.bits > 8 else 8
    return PixelLayout(Family.RGB, 1, 1, bits, alpha=kind is OutputKind.RGBA)


def _colour(kind: OutputKind, info: StreamInfo) -> Colour:
    full = replace(info.colour, full_range=True, siting=Siting.CENTER)
    return replace(full, transfer=Transfer.SDR) if kind is OutputKind.ALPHA else full
