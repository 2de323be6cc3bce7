"""What travels between the stages: stream facts, frames, mattes. Plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.layout import Colour, PixelLayout

Plane = NDArray[np.uint8] | NDArray[np.uint16]
Alpha = NDArray[np.uint16]  # (H, W), 65535 = 1


@dataclass(frozen=True, slots=True)
class ColourTags:
    """Colour tags as the container or codec states them (ISO/IEC 23091-2; 2 = unspecified).

    Attributes:
        primaries, transfer, matrix: code points.
        full_range: None when the stream does not say.
        assumed: which of the tags had to be assumed, in words, for stderr; "" when none.
    """

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    full_range: bool | None = None
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """Facts of one video stream, as it is decoded and turned upright.

    Attributes:
        path: as given by the user.
        width, height: upright size in pixels (after rotation).
        rotation: degrees that were undone, counter-clockwise, 0, 90, 180 or 270.
        sample_aspect: of the upright picture.
        rate: average frames per second, None when unknown.
        time_base: of ``Frame.pts``.
        frames: number of frames as stated or estimated, None when unknown.
        duration_seconds: None when unknown.
        layout, colour, tags: of the source planes.
        codec, pixel_format: FFmpeg's names.
        interlaced: fields are merged at frame rate by the reader.
        audio_tracks: number of audio streams.
        still: a single image.
    """

    path: str
    width: int
    height: int
    rotation: int
    sample_aspect: Fraction
    rate: Fraction | None
    time_base: Fraction
    frames: int | None
    duration_seconds: float | None
    layout: PixelLayout
    colour: Colour
    tags: ColourTags
    codec: str
    pixel_format: str
    interlaced: bool = False
    audio_tracks: int = 0
    still: bool = False
    variable_rate: bool = False
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One upright picture in its native sample format (the plate); nobody writes into its planes.

    Attributes:
        planes: luma (H, W) first, then chroma as ``layout`` says, uint8 or native uint16,
            rows may be padded (strided), samples of a row are contiguous.
        layout, colour: how to read them.
        pts: in units of ``time_base``, untouched from the demuxer.
        time_base: seconds per unit.
        index: 0-based number of the frame in this run.
        reset: first frame, or the first after a size change or a seek: temporal state is new.
        owner: keeps the decoder's memory alive while the planes are in use.
    """

    planes: tuple[Plane, ...]
    layout: PixelLayout
    colour: Colour
    pts: int
    time_base: Fraction
    index: int
    duration: int = 0
    reset: bool = False
    owner: Any = None

    @property
    def height(self) -> int:
        """Rows of the luma plane."""
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        """Columns of the luma plane."""
        return int(self.planes[0].shape[1])

    def __repr__(self) -> str:
        size = f"{self.width}x{self.height}"
        return f"Frame(index={self.index}, pts={self.pts}, {size}, {self.layout})"


@dataclass(frozen=True, slots=True, eq=False)
class Matte:
    """The alpha of one frame and where it belongs in time.

    Attributes:
        alpha: (H, W) uint16, 65535 = opaque.
        frame: the plate that it belongs to.
        cut: temporal state was reset at this frame.
    """

    alpha: Alpha
    frame: Frame
    cut: bool = False

    @property
    def pts(self) -> int:
        """Presentation time in units of ``time_base``."""
        return self.frame.pts

    @property
    def time_base(self) -> Fraction:
        """Seconds per unit of ``pts``."""
        return self.frame.time_base

    @property
    def index(self) -> int:
        """0-based number of the frame in this run."""
        return self.frame.index

    def __repr__(self) -> str:
        h, w = self.alpha.shape
        return f"Matte(index={self.index}, pts={self.pts}, alpha={w}x{h} uint16)"
