"""Garbage and holdout mattes: grey images or videos that follow the source's clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from streammat.errors import MediaError
from streammat.types import Alpha, FloatPlane, Frame
from streammat_kernels.layout import Family, PixelLayout

from .counter import is_pattern
from .fit import resample
from .image_file import load_image
from .notices import Notify, to_stderr
from .read_options import ReadOptions
from .reader import open_reader
from .sequence import IMAGE_SUFFIXES, is_image_source

_ASPECT_TOLERANCE = 0.01  # a guide of another shape would not lie where it was drawn


class GuideSource(Protocol):
    """A matte drawn by hand, for every moment of the source."""

    def alpha_at(self, seconds: float | Fraction) -> Alpha:
        """(H, W) uint16, 65535 = white; valid until the next call; nobody writes into it."""

    def close(self) -> None:
        """Release files."""


def open_guide(
    path: str,
    width: int,
    height: int,
    *,
    rate: Fraction | None = None,
    numbers: range | None = None,
    notify: Notify = to_stderr,
) -> GuideSource:
    """Open a garbage or holdout matte.

    Args:
        path: a grey image (for the whole clip), an image sequence or a video.
        width, height: of the source, upright; a guide of the same aspect is scaled to it.
        rate: frames per second of an image sequence: the source's.
        numbers: of the source's images; those of a guide lie over those of the same number.
        notify: gets one line for every assumption.

    Raises:
        MediaError: unreadable, or of another aspect than the source.
    """
    if Path(path).suffix.lower() in IMAGE_SUFFIXES and not is_pattern(path):
        image = load_image(Path(path))
        if image.assumed:
            notify(f"{path}: {image.assumed}")
        if image.scene is not None:
            alpha = _gray_of_light(image.scene, image.planes, image.layout)
        else:
            alpha = _gray(image.planes, image.layout.alpha, image.layout.family, image.layout.bits)
        return _Still(_fitted(alpha, width, height, path))
    return _Moving(path, width, height, rate, numbers, notify)


class _Still:
    def __init__(self, alpha: Alpha) -> None:
        self._alpha = alpha

    def alpha_at(self, seconds: float | Fraction) -> Alpha:  # noqa: ARG002
        return self._alpha

    def close(self) -> None:
        """Nothing is open."""


class _Moving:
    """Each frame holds until the next one is due; the last one stays."""

    def __init__(
        self,
        path: str,
        width: int,
        height: int,
        rate: Fraction | None,
        numbers: range | None,
        notify: Notify,
    ) -> None:
        self._path, self._size = path, (width, height)
        if is_image_source(path) and rate is not None:
            from .sequence_reader import SequenceReader

            options = ReadOptions(strict=True, keep_alpha=True, rate=rate, missing="hold")
            self._reader: Any = SequenceReader(path, options, notify)
        else:
            self._reader = open_reader(path, threads=1, notify=notify)
        self._frames: Iterator[Frame] = iter(self._reader)
        self._shown = next(self._frames)
        self._following = next(self._frames, None)
        self._begin = self._shown.pts * self._shown.time_base
        self._late, self._pace = Fraction(0), Fraction(1)
        if numbers is not None:
            self._follow_numbers(numbers, notify)
        self._notify, self._held = notify, self._reader.info.still
        self._alpha: Alpha | None = None

    def alpha_at(self, seconds: float | Fraction) -> Alpha:
        """The guide at ``seconds`` after the source's first frame; time only moves on."""
        while self._following is not None and self._time(self._following) <= Fraction(seconds):
            self._shown, self._following = self._following, next(self._frames, None)
            self._alpha = None
        if self._following is None and not self._held:
            self._say_held(Fraction(seconds))
        if self._alpha is None:
            gray = _gray_of_frame(self._shown)
            self._alpha = _fitted(gray, *self._size, self._path)
        return self._alpha

    def close(self) -> None:
        """Release the file."""
        with suppress(Exception):
            self._reader.close()

    def _follow_numbers(self, source: range, notify: Notify) -> None:
        """Lie over the source's images of the same number, where there are such."""
        own, rate = self._reader.info.numbers, self._reader.info.rate
        if own is None or not rate or own[0] > source[-1] or own[-1] < source[0]:
            return
        self._late = Fraction(own[0] - source[0], source.step) / rate
        self._pace = Fraction(own.step, source.step)
        if self._late or self._pace != 1:
            notify(
                f"{self._path}: begins at number {own[0]}, the source at {source[0]}: pictures of "
                "the same number belong together; the first is there from the beginning, each is "
                "held until the next"
            )

    def _say_held(self, seconds: Fraction) -> None:
        """One line where the source goes on behind the guide's last picture."""
        last, rate = self._time(self._shown), self._reader.info.rate
        end = last + self._pace / rate if rate else last
        if seconds < end:
            return
        self._held = True
        self._notify(
            f"{self._path}: ends {float(end):.2f} s after the source's beginning; its last picture "
            "is held from there on"
        )

    def _time(self, frame: Frame) -> Fraction:
        return (frame.pts * frame.time_base - self._begin) * self._pace + self._late


def _gray_of_frame(frame: Frame) -> Alpha:
    """Luma of YUV, scaled from its range; BT.709 luma of RGB."""
    layout = frame.layout
    if frame.scene is not None:
        return _gray_of_light(frame.scene, frame.planes, layout)
    if layout.family is Family.RGB:
        return _gray(frame.planes, layout.alpha, layout.family, layout.bits)
    luma = frame.planes[0].astype(np.float32) / (1 << layout.shift)
    scale = 1 << (layout.bits - 8)
    low, span = (0, (1 << layout.bits) - 1)
    if not frame.colour.full_range and layout.family is not Family.GRAY:
        low, span = 16 * scale, 219 * scale
    return np.rint(np.clip((luma - low) / span, 0, 1) * 65535).astype(np.uint16)


def _gray_of_light(
    scene: Sequence[FloatPlane], planes: Sequence[NDArray[Any]], layout: PixelLayout
) -> Alpha:
    """A float picture's own values, as mattes are stored: 1 is white, half is half."""
    red, green, blue = (np.nan_to_num(plane.astype(np.float32)) for plane in scene)
    level: Any = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    if layout.alpha:
        level = level * (planes[-1] / np.float32(65535))
    return cast("Alpha", np.rint(np.clip(level, 0, 1) * 65535).astype(np.uint16))


def _gray(planes: tuple[NDArray[Any], ...], has_alpha: bool, family: Family, bits: int) -> Alpha:
    """White where the picture is white and opaque."""
    top = float((1 << bits) - 1)
    level = planes[0] / top
    if family is Family.RGB:
        level = (0.2126 * planes[0] + 0.7152 * planes[1] + 0.0722 * planes[2]) / top
    if has_alpha:
        level = level * (planes[-1] / top)
    return np.rint(np.clip(level, 0, 1) * 65535).astype(np.uint16)


def _fitted(alpha: Alpha, width: int, height: int, path: str) -> Alpha:
    rows, columns = alpha.shape
    if abs((columns / rows) / (width / height) - 1) > _ASPECT_TOLERANCE:
        raise MediaError(
            f"{path}: {columns}x{rows} does not lie over {width}x{height}; "
            "draw the guide in the source's aspect"
        )
    fitted: Alpha = resample(alpha, width, height).astype(np.uint16, copy=False)
    return fitted
