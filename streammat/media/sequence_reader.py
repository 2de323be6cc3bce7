"""Stills and image sequences as a source of frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from streammat.errors import MediaError
from streammat.types import ColourTags, Frame, Plane, StreamInfo
from streammat_kernels.layout import PixelLayout

from .colour_tags import resolve
from .fit import resample
from .image_file import read_image
from .notices import Notices, Notify
from .select import Selection
from .sequence import list_images, number_of

DEFAULT_RATE = Fraction(25)  # FFmpeg's own assumption for numbered images


class SequenceReader:
    """Images, one a frame; see :func:`streammat.media.reader.open_reader`.

    Args:
        rate: frames per second; None is 25, said once.

    Attributes:
        info: facts of the sequence; ``metadata["first_number"]`` is the number in the name of
            the first image that will be read.
    """

    def __init__(
        self,
        path: str,
        selection: Selection,
        *,
        strict: bool,
        keep_alpha: bool,
        notify: Notify,
        rate: Fraction | None = None,
    ) -> None:
        self._path = path
        self._strict = strict
        self._keep_alpha = keep_alpha
        self._notices = Notices(notify)
        self._lost = 0
        images = list_images(path)
        self._still = len(images) == 1
        self._rate = rate or DEFAULT_RATE
        if rate is None and not self._still:
            line = f"{path}: images state no frame rate; {self._rate} frames a second assumed"
            self._notices.once("rate", line)
        self._offset, self._images = _select(images, selection, self._rate, path)
        self._first = self._first_readable()
        self.info = self._describe()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Nothing stays open between images."""

    @property
    def lost_frames(self) -> int:
        """Images that could not be decoded so far."""
        return self._lost

    def __iter__(self) -> Iterator[Frame]:
        """Yield the images in natural order; one that cannot be read is counted and left out.

        Raises:
            MediaError: with ``strict``, at the first damaged image.
        """
        size: tuple[int, ...] = self._first[1][0].shape
        for index, (place, planes, layout) in enumerate(self._readable()):
            resized = planes[0].shape != size
            size = planes[0].shape
            yield Frame(
                planes=self._uniform(planes, layout),
                layout=self.info.layout,
                colour=self.info.colour,
                pts=self._offset + place,
                time_base=1 / self._rate,
                index=index,
                duration=1,
                reset=index == 0 or resized,
            )

    def _first_readable(self) -> tuple[int, tuple[Plane, ...], PixelLayout, str]:
        for place, path in enumerate(self._images):
            try:
                return place, *read_image(path)
            except MediaError:
                if self._strict or place + 1 == len(self._images):
                    raise
                self._lost += 1
        raise AssertionError("an empty selection was refused before")

    def _readable(self) -> Iterator[tuple[int, tuple[Plane, ...], PixelLayout]]:
        place, planes, layout, _ = self._first
        yield place, planes, layout
        for later in range(place + 1, len(self._images)):
            try:
                planes, layout, _ = read_image(self._images[later])
            except MediaError:
                if self._strict:
                    raise
                self._lost += 1
                continue
            yield later, planes, layout

    def _describe(self) -> StreamInfo:
        _, planes, layout, name = self._first
        layout = replace(layout, alpha=layout.alpha and self._keep_alpha)
        if len(planes) in {2, 4} and not self._keep_alpha:
            self._notices.once("alpha", f"{self._path}: its own alpha channel is not used")
        height, width = planes[0].shape
        colour, tags = resolve(
            ColourTags(transfer=13, primaries=1, full_range=True, matrix=1), layout, height
        )
        number = number_of(self._images[0])
        return StreamInfo(
            path=self._path,
            width=width,
            height=height,
            rotation=0,
            sample_aspect=Fraction(1),
            rate=self._rate,
            time_base=1 / self._rate,
            frames=len(self._images),
            duration_seconds=float(len(self._images) / self._rate),
            layout=layout,
            colour=colour,
            tags=tags,
            codec=name.split(" ", maxsplit=1)[0],
            pixel_format=name,
            still=self._still,
            metadata={} if number is None else {"first_number": str(number)},
        )

    def _uniform(self, planes: tuple[Plane, ...], layout: PixelLayout) -> tuple[Plane, ...]:
        """The planes in the size, depth and family of the first image."""
        wanted = self.info.layout
        if planes[0].shape != (self.info.height, self.info.width):
            height, width = planes[0].shape
            self._notices.once(
                "size",
                f"{self._path}: an image of {width}x{height}; scaled to the first one's "
                f"{self.info.width}x{self.info.height}",
            )
            planes = tuple(resample(p, self.info.width, self.info.height) for p in planes)
        colours = planes[:-1] if layout.alpha else planes
        if layout.bits != wanted.bits:
            planes = tuple(_at_depth(p, layout.bits, wanted.bits) for p in planes)
            colours = planes[:-1] if layout.alpha else planes
        if layout.family is not wanted.family:
            colours = _as_family(colours, 1 if wanted.family == "gray" else 3)
        if not wanted.alpha:
            return colours
        opaque = np.full_like(colours[0], (1 << wanted.bits) - 1)
        return (*colours, planes[-1] if layout.alpha else opaque)


def _select(
    images: list[Path], wanted: Selection, rate: Fraction, path: str
) -> tuple[int, list[Path]]:
    """Number of images left out in front, and the wanted ones."""
    first = wanted.first_frame or 0
    if wanted.start_seconds:
        first = max(first, -int(-wanted.start_seconds * rate // 1))
    last = len(images) if wanted.last_frame is None else wanted.last_frame + 1
    if wanted.end_seconds is not None:
        last = min(last, -int(-wanted.end_seconds * rate // 1))
    chosen = images[first:last]
    if not chosen:
        raise MediaError(
            f"{path}: no frame within --start, --end or --frames; there are {len(images)} images"
        )
    return first, chosen[: wanted.limit]


def _at_depth(plane: Plane, bits: int, wanted: int) -> Plane:
    if wanted > bits:
        return plane.astype(np.uint16) * np.uint16(257)
    return ((plane.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _as_family(colours: tuple[Plane, ...], channels: int) -> tuple[Plane, ...]:
    if channels == 3:
        return colours * 3
    red, green, blue = (c.astype(np.float32) for c in colours)
    luma = np.rint(0.2126 * red + 0.7152 * green + 0.0722 * blue)  # BT.709
    return (luma.astype(colours[0].dtype),)
