"""A sequence of images, or one still: PNG, TIFF or OpenEXR; all appear when the job is done."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from streammat.errors import OutputError, ResourceError
from streammat.settings import MatteSettings, OutputKind
from streammat.types import ColourTags, Frame, Plane, StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting, Transfer

from .beside import say_left_out
from .deliveries import Delivery
from .ffmpeg import writing
from .file_sink import FileSink
from .formats import delivery_of, depth_of
from .icc import rgb_profile
from .image_place import FOLDER_NAMES, ImagePlace
from .image_writer import ImageWriter, PooledWriter
from .png import PngEncoder
from .sink import Picture, sources_of

if TYPE_CHECKING:
    from .exr_output import ExrFiles

_SRGB_TRANSFER = 13
_GAP_FRAMES = 1.5  # rounded clocks move a frame by less
_FIRST_NUMBERS = {"exr": 1001}  # where the source has none: the film trade's habit


class ImageSink(FileSink):
    """See :class:`streammat.media.sink.Sink`.

    ``NAME.%05d.png`` and ``folder/`` hold one file per frame, numbered like a source sequence, or
    from ``start_number``, else 0 (EXR: 1001), for the source's first frame; ``NAME.png`` holds
    exactly one, ``NAME.exr`` of a clip is a sequence.
    """

    def _prepare(self, settings: MatteSettings, metadata: dict[str, str]) -> None:
        path, info = self.path, self._info
        self._last_pts: int | None = None
        row = self._delivery = delivery_of(path, self.wants, info, settings)
        self.layout = _layout(path, row, self.wants, info, settings)
        self.colour = _colour(self.wants, info)
        one = info.still or settings.limit == 1 or info.frames == 1
        sequence = "%04d" if row.name == "exr" and not one else ""
        self._place = ImagePlace(
            path, FOLDER_NAMES[row.name], sequence, overwrite=settings.overwrite
        )
        if self._place.still and not one:
            raise OutputError(
                f"{path}: holds one picture and the source is a video; "
                f"use {Path(path).stem}.%05d{Path(path).suffix} or a folder/"
            )
        numbers = self._numbers(settings.start_number)
        self._first, self._step = numbers.start, numbers.step
        self._place.check(sources_of(info), numbers)
        threads = 1 if self._place.still else settings.threads or os.cpu_count() or 1
        with writing(path):
            self._writer = self._open_writer(row, settings, metadata, threads)
            self._place.prepare()
        aspect = info.sample_aspect
        if aspect != 1 and row.name != "exr":
            lost = f"the source's sample aspect {aspect.numerator}:{aspect.denominator} is lost"
            self._notices.once("aspect", f"{path}: written with square pixels; {lost} (EXR has it)")
        if not info.still:
            exr = row.name == "exr"
            sdr = self.colour.transfer not in {Transfer.PQ, Transfer.HLG}
            say_left_out(
                path, info, self._notices, pictures_only=True, timecode=exr, hdr=sdr, header=exr
            )

    def new_picture(self) -> Picture:
        """Fresh planes: R, G, B [, A] or the alpha as gray."""
        count = (3 if self.layout.family is Family.RGB else 1) + self.layout.alpha
        return Picture(tuple(self._plane() for _ in range(count)), None)

    def _plane(self) -> Plane:
        size = (self.height, self.width)
        return np.empty(size, np.uint8) if self.layout.bits == 8 else np.empty(size, np.uint16)

    def write(self, picture: Picture, frame: Frame) -> None:
        """Encode a filled picture; its number follows from the frame."""
        if self._place.still and self.frames == 1:
            path = Path(self.path)
            raise OutputError(
                f"{self.path}: holds one picture and the source has more; "
                f"use {path.stem}.%05d{path.suffix} or a folder/"
            )
        self._say_untimed(frame)
        target = self._place.temporary(self._number(frame))
        with writing(self.path):
            self._place.written += self._writer.put(picture.planes, frame, target)
        self.frames += 1

    def describe(self) -> str:
        """Channels and depth in a few words."""
        channels = "gray" if self.layout.family is Family.GRAY else "RGB"
        depth = f"{self.layout.bits} bits"
        if self._delivery.name == "exr":
            depth = "float" if self.wants is OutputKind.ALPHA else "half, linear light"
        with_alpha = " with alpha" if self.layout.alpha else ""
        return f"{self._delivery.title} {channels}{with_alpha}, {depth}"

    def _open_writer(
        self, row: Delivery, settings: MatteSettings, metadata: dict[str, str], threads: int
    ) -> ImageWriter:
        info, alpha = self._info, self.wants is OutputKind.RGBA
        premultiplied = settings.alpha_mode == "premultiplied"
        if row.name == "tiff":
            from .tiff_output import TiffFiles

            if self.wants is not OutputKind.ALPHA:
                self._say_untagged(info)
            tiff = TiffFiles(
                self.path, alpha=alpha, premultiplied=premultiplied, text=metadata,
                profile=self._profile(info),
            )  # fmt: skip
            return PooledWriter(tiff.write, threads)
        if row.name == "exr":
            return PooledWriter(self._open_exr(settings, metadata).write, threads)
        return PngEncoder(
            self.layout, self.width, self.height, self._tags(info), metadata, threads,
            profile=self._profile(info),
        )  # fmt: skip

    def _open_exr(self, settings: MatteSettings, metadata: dict[str, str]) -> ExrFiles:
        from .exr_light import plate_light
        from .exr_output import ExrFiles

        light = plate_light(self._info, self.colour.transfer)
        if light.unknown and self.wants is not OutputKind.ALPHA:
            self._notices.once(
                "light",
                f"{self.path}: {light.unknown} does not say what light is; the codes are taken as "
                "those of a display; the curve's name as --input-colour makes it true light",
            )
        return ExrFiles(
            self.path, self.wants, self._info, light,
            premultiplied=settings.alpha_mode != "straight",
            source_colours=settings.foreground == "source", text=metadata,
        )  # fmt: skip

    def _say_untimed(self, frame: Frame) -> None:
        """One line at a gap between frames, which numbers do not show."""
        info, last = self._info, self._last_pts
        self._last_pts = frame.pts
        if last is None or info.rate is None or info.variable_rate or info.first_number is not None:
            return
        if (frame.pts - last) * info.time_base * info.rate > _GAP_FRAMES:
            moment = float((frame.pts - info.first_pts) * info.time_base)
            self._notices.once(
                "gap",
                f"{self.path}: left out of the source: variable frame times "
                f"(a gap before {moment:.3f} s)",
            )

    def _say_untagged(self, info: StreamInfo) -> None:
        if self.colour.transfer in {Transfer.PQ, Transfer.HLG}:
            name = "PQ" if self.colour.transfer is Transfer.PQ else "HLG"
            self._notices.once(
                "untagged",
                f"{self.path}: TIFF has no tag for HDR; say {name} (primaries code "
                f"{info.tags.primaries}) where you read it, or write .exr",
            )

    def _number(self, frame: Frame) -> int:
        if self._info.first_number is None:
            return self._first + frame.index
        return self._first + self._step * (frame.pts - self._info.first_pts)

    def _numbers(self, start: int | None) -> range:
        """Of the images to come, without an end where the source does not say how many.

        Those of a part are what they are in the whole: parts can be written beside one another.
        """
        info, step = self._info, 1
        if start is None and info.first_number is not None:
            first, step = info.first_number, info.number_step
        else:
            first = _FIRST_NUMBERS.get(self._delivery.name, 0) if start is None else start
            first += info.first_frame
        count = info.frames
        return range(first, sys.maxsize if count is None else first + step * count, step)

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

    def _complete(self) -> None:
        self._place.written += self._writer.flush()
        older = self._place.publish()
        if older:
            self._notices.once(
                "older",
                f"{self.path}: {older} other frame{'s' * (older > 1)} of this sequence "
                f"{'are left as they were' if older > 1 else 'is left as it was'}",
            )

    def _keep(self) -> str | None:
        with suppress(ResourceError), writing(self.path):
            self._place.written += self._writer.flush()
        self._writer.close()
        return self._place.keep() if self._place.written else None

    def _discard(self) -> None:
        self._writer.close()
        self._place.discard()


def _layout(
    path: str, row: Delivery, kind: OutputKind, info: StreamInfo, settings: MatteSettings
) -> PixelLayout:
    """16 bits for an alpha on its own and for sources of more than 8 bits, else 8; or as asked."""
    asked = settings.extra.get("png_bits")
    bits = int(asked) if asked else depth_of(path, row, kind, info, settings)
    if kind is OutputKind.ALPHA:
        return PixelLayout(Family.GRAY, 1, 1, 16 if asked else bits)
    return PixelLayout(Family.RGB, 1, 1, bits, alpha=kind is OutputKind.RGBA)


def _colour(kind: OutputKind, info: StreamInfo) -> Colour:
    full = replace(info.colour, full_range=True, siting=Siting.CENTER)
    return replace(full, transfer=Transfer.SDR) if kind is OutputKind.ALPHA else full
