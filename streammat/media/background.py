"""What lies behind the subject: a colour, an image or a looped video, as planes of the target."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ConfigError
from streammat.types import Frame, Plane
from streammat_kernels import colour as colours
from streammat_kernels.colour import reference
from streammat_kernels.layout import Colour, PixelLayout
from streammat_kernels.planes import empty_planes

from .counter import is_pattern
from .fit import cover_plane
from .image_file import read_image
from .notices import Notify, to_stderr
from .read_options import ReadOptions
from .reader import open_options
from .sequence import IMAGE_SUFFIXES, is_image_source

Planes = Sequence[NDArray[Any]]

_HEX = re.compile(r"^#([0-9a-fA-F]{6})$")
_LAST_FRAME_SECONDS = Fraction(1, 25)  # how long a video's last frame stays when it does not say


class BackgroundSource(Protocol):
    """Something that knows its picture at every moment."""

    def planes_at(self, seconds: float | Fraction) -> Planes:
        """Planes in the target's layout; valid until the next call; nobody writes into them."""

    def close(self) -> None:
        """Release files."""


def open_background(
    spec: str,
    width: int,
    height: int,
    layout: PixelLayout,
    colour: Colour,
    *,
    rate: Fraction | None = None,
    notify: Notify = to_stderr,
) -> BackgroundSource:
    """Open a background; ``blur`` and ``none`` are not sources.

    Args:
        spec: ``#RRGGBB``, an image, or a video (cover-fit, looped, its sound ignored).
        width, height, layout, colour: of the planes that it is composited with.
        rate: frames per second of an image sequence: the source's.
        notify: gets one line for every assumption.

    Raises:
        ConfigError: neither a colour nor an existing file.
        MediaError: a file that cannot be read.
    """
    if spec.startswith("#"):
        return _Fixed(_plain(parse_colour(spec), width, height, layout, colour))
    if not Path(spec).exists() and not is_pattern(spec):
        raise ConfigError(
            f"--background {spec}: no such file; give none, blur, #RRGGBB, an image or a video"
        )
    if Path(spec).suffix.lower() in IMAGE_SUFFIXES and Path(spec).exists():
        return _Fixed(colours.from_rgb(_image(Path(spec), width, height), layout, colour))
    return _Video(spec, width, height, layout, colour, rate, notify)


def _plain(
    rgb: NDArray[np.uint8], width: int, height: int, layout: PixelLayout, colour: Colour
) -> Planes:
    """Planes of one colour: a single cell by the definition, repeated; nothing to compile."""
    cell = np.empty((3, layout.chroma_y, layout.chroma_x))
    cell[:] = rgb[:, None, None] / 255.0
    planes = empty_planes(layout, height, width)
    for plane, code in zip(planes, reference.from_rgb(cell, layout, colour), strict=True):
        plane[...] = np.floor(code[:1, :1] + 0.5).astype(np.uint16) << layout.shift
    return planes


def parse_colour(spec: str) -> NDArray[np.uint8]:
    """(3,) uint8 of ``#RRGGBB``.

    Raises:
        ConfigError: not of that form.
    """
    match = _HEX.match(spec)
    if match is None:
        raise ConfigError(f"--background {spec}: not a colour; write it as #RRGGBB")
    return np.frombuffer(bytes.fromhex(match.group(1)), np.uint8)


class _Fixed:
    """The same planes for ever."""

    def __init__(self, planes: Planes) -> None:
        self._planes = planes

    def planes_at(self, seconds: float | Fraction) -> Planes:  # noqa: ARG002
        return self._planes

    def close(self) -> None:
        """Nothing is open."""


class _Video:
    """Frames of a looped video, each held until the next one is due."""

    def __init__(
        self,
        path: str,
        width: int,
        height: int,
        layout: PixelLayout,
        colour: Colour,
        rate: Fraction | None,
        notify: Notify,
    ) -> None:
        self._path, self._rate = path, rate
        self._size = (width, height)
        self._layout, self._colour = layout, colour
        self._notify = notify
        self._loop_start = self._length = Fraction(0)  # of the loop, 0 until it has ended once
        self._frames: Iterator[Frame] = iter(())
        self._planes: Planes | None = None
        self._open()

    def planes_at(self, seconds: float | Fraction) -> Planes:
        """The picture shown at ``seconds`` (0 = the source's first frame), which only move on."""
        moment = Fraction(seconds)
        while moment >= self._shown_until():
            if self._length and moment - self._loop_start >= 2 * self._length:
                self._loop_start += (moment - self._loop_start) // self._length * self._length
                self._reopen()
            else:
                self._advance()
        if self._planes is None:
            self._planes = self._convert(self._shown)
        return self._planes

    def close(self) -> None:
        """Release the file."""
        with suppress(Exception):
            self._reader.close()

    def _reopen(self) -> None:
        self._reader.close()
        self._open()

    def _open(self) -> None:
        rate = self._rate if is_image_source(self._path) else None
        options = ReadOptions(threads=2, rate=rate)
        self._reader = open_options(self._path, options, notify=self._notify)
        self._notify = _silent  # each line once, not once a loop
        self._frames = iter(self._reader)
        self._shown = next(self._frames)
        self._following = next(self._frames, None)
        self._begin = self._shown.pts
        self._planes = None

    def _advance(self) -> None:
        if self._following is None:
            end = self._shown_until()
            self._length, self._loop_start = end - self._loop_start, end
            self._reopen()
            return
        self._shown, self._following = self._following, next(self._frames, None)
        self._planes = None

    def _shown_until(self) -> Fraction:
        """The moment at which the shown frame gives way."""
        if self._following is not None:
            return self._loop_start + self._time(self._following)
        length = self._shown.duration * self._shown.time_base
        if length <= 0:
            rate = self._reader.info.rate
            length = 1 / rate if rate else _LAST_FRAME_SECONDS
        return self._loop_start + self._time(self._shown) + length

    def _time(self, frame: Frame) -> Fraction:
        return (frame.pts - self._begin) * frame.time_base

    def _convert(self, frame: Frame) -> Planes:
        rgb = colours.to_rgb(frame.planes, frame.layout, frame.colour)
        return colours.from_rgb(_cover(tuple(rgb), *self._size), self._layout, self._colour)


def _image(path: Path, width: int, height: int) -> NDArray[Any]:
    """(3, H, W) of an image; transparent parts are over black."""
    planes, layout, _ = read_image(path)
    if layout.bits not in (8, 16):  # DPX of 10 and 12 bits
        planes = tuple(_wide(plane, layout.bits) for plane in planes)
    channels = planes[:-1] if layout.alpha else planes
    if layout.alpha:
        channels = tuple(_times(plane, planes[-1]) for plane in channels)
    return _cover(channels if len(channels) == 3 else channels * 3, width, height)


def _wide(plane: Plane, bits: int) -> Plane:
    """The same values in 16 bits."""
    scaled: Any = np.rint(plane.astype(np.float32) * (65535 / ((1 << bits) - 1)))
    return cast("Plane", scaled.astype(np.uint16))


def _times(plane: Plane, alpha: Plane) -> Plane:
    top = float(np.iinfo(plane.dtype).max)
    scaled: Any = np.rint(plane.astype(np.float32) * (alpha / top)).astype(plane.dtype)
    return cast("Plane", scaled)


def _cover(channels: tuple[Any, ...], width: int, height: int) -> NDArray[Any]:
    return np.stack([cover_plane(channel, width, height) for channel in channels])


def _silent(line: str) -> None:
    """Drop a line that was already said."""
