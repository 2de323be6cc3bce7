"""Results on stdout: Y4M (YUV4MPEG2) pictures, or raw interleaved RGBA where alpha is asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from streammat.settings import OutputKind
from streammat.types import Frame, Plane, StreamInfo
from streammat_kernels.layout import Family, Siting

from .notices import Notify
from .pipe_format import CHROMA, STDOUT, pipe_colour, pipe_label, pipe_layout
from .sink import Picture

__all__ = ["PipeSink"]

_ASSUMED_RATE = Fraction(25)
_SITING = {Siting.LEFT: "mpeg2", Siting.CENTER: "jpeg", Siting.TOPLEFT: "paldv"}


class PipeSink:
    """See :class:`streammat.media.sink.Sink`; writes each picture as soon as it comes.

    Y4M: 8 bits, 10 for deeper sources, in the source's chroma subsampling and range. RGBA: 8 bits,
    straight, rows from the top, no header. Neither carries sound or time stamps.
    """

    def __init__(
        self, kind: OutputKind, info: StreamInfo, *, notify: Notify, stream: BinaryIO | None = None
    ) -> None:
        self.path = STDOUT
        self.wants = kind
        self.frames = 0
        self.layout = pipe_layout(kind, info)
        self.colour = pipe_colour(kind, info)
        self.width, self.height = info.width, info.height
        self._stream: BinaryIO = stream or sys.stdout.buffer
        self._header = b"" if kind is OutputKind.RGBA else self._y4m_header(info)
        if info.variable_rate:
            notify("-: a pipe has no time stamps; the frames come at a constant rate")
        if info.audio_tracks:
            notify("-: a pipe carries no sound; the source's is left out")

    def new_picture(self) -> Picture:
        """Fresh planes in the sink's layout."""
        luma = (self.height, self.width)
        chroma = self.layout.chroma_size(*luma)
        gray = self.layout.family is Family.GRAY
        shapes = [luma] if gray else [luma, chroma, chroma]
        shapes += [luma] * self.layout.alpha
        return Picture(tuple(self._plane(shape) for shape in shapes), None)

    def _plane(self, shape: tuple[int, int]) -> Plane:
        if self.layout.bits == 8:
            return np.empty(shape, np.uint8)
        return np.empty(shape, np.uint16)

    def write(self, picture: Picture, frame: Frame) -> None:
        """Write header and picture; BrokenPipeError where the reader has left."""
        del frame
        if self.frames == 0:
            self._stream.write(self._header)
        if self.wants is OutputKind.RGBA:
            self._put([np.stack(picture.planes, axis=-1)])
        else:
            self._stream.write(b"FRAME\n")
            self._put(picture.planes)
        self.frames += 1

    def describe(self) -> str:
        """The format in a few words."""
        return pipe_label(self.wants, self.layout)

    def close(self) -> None:
        """Hand the last bytes on; the pipe itself stays open."""
        self._stream.flush()

    def abort(self, *, partial: bool) -> str | None:
        """What was written cannot be taken back."""
        return STDOUT if partial and self.frames else None

    def _put(self, planes: Iterable[np.ndarray[tuple[int, ...], np.dtype[np.generic]]]) -> None:
        for plane in planes:
            self._stream.write(np.ascontiguousarray(plane).data)

    def _y4m_header(self, info: StreamInfo) -> bytes:
        """Stream header of yuv4mpeg(5) with FFmpeg's names for depth, gray and range."""
        rate, aspect = info.rate or _ASSUMED_RATE, info.sample_aspect
        fields = [
            f"YUV4MPEG2 W{self.width} H{self.height}",
            f"F{rate.numerator}:{rate.denominator} Ip A{aspect.numerator}:{aspect.denominator}",
            f"C{self._chroma_name()}",
            f"XCOLORRANGE={'FULL' if self.colour.full_range else 'LIMITED'}",
        ]
        return (" ".join(fields) + "\n").encode()

    def _chroma_name(self) -> str:
        if self.layout.family is Family.GRAY:
            return "mono"
        chroma = CHROMA[self.layout.chroma_x, self.layout.chroma_y]
        if self.layout.bits > 8:
            return f"{chroma}p{self.layout.bits}"
        return chroma + _SITING[self.colour.siting] if chroma == "420" else chroma
