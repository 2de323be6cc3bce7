"""What travels between the stages: stream facts, frames, mattes. Plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.layout import Colour, PixelLayout
from streammat_kernels.lut import Lut

Plane = NDArray[np.uint8] | NDArray[np.uint16]
FloatPlane = NDArray[np.float16] | NDArray[np.float32]
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
class Timecode:
    """SMPTE ST 12-1 time code of one frame; text and arithmetic: ``streammat.media.timecode``.

    Attributes:
        frame: frames counted since 00:00:00:00 (dropped numbers are not counted).
        rate: exact frames per second, e.g. 30000/1001; numbers count to its next whole number.
        drop: drop-frame numbering (29.97 and 59.94 only).
    """

    frame: int
    rate: Fraction
    drop: bool = False


@dataclass(frozen=True, slots=True)
class Chromaticities:
    """CIE 1931 (x, y) of primaries and white."""

    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]


@dataclass(frozen=True, slots=True)
class HdrMetadata:
    """Static HDR metadata (SMPTE ST 2086, CTA-861.3); None where the source does not say.

    Attributes:
        primaries: of the mastering display.
        luminance: its (minimum, maximum) in cd/m2.
        max_cll, max_fall: brightest pixel and brightest frame average, cd/m2; 0 = unknown.
    """

    primaries: Chromaticities | None = None
    luminance: tuple[float, float] | None = None
    max_cll: int = 0
    max_fall: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """One stream of the source beside the picture.

    Attributes:
        index: of the stream in its container (FFmpeg's ``stream.index``).
        kind: audio, subtitle, data, attachment or video (a second picture).
        codec: FFmpeg's name, "" when it is not known.
        language: as tagged, "" when not.
        channels, sample_rate: of audio, else 0.
        title, default: as tagged.
    """

    index: int
    kind: str
    codec: str
    language: str = ""
    channels: int = 0
    sample_rate: int = 0
    title: str = ""
    default: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """One chapter, in seconds of the container's clock (the clock of ``Frame.pts``)."""

    start_seconds: Fraction
    end_seconds: Fraction
    title: str = ""


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
        timecode: of the first frame that this reader delivers, None when the source has none.
        first_pts: time stamp of the first frame that this reader delivers.
        begin_seconds: moment of the whole source's first frame, on the clock of ``Frame.pts``.
        first_frame: how many frames of the source lie before the first that this reader delivers.
        clock_start: moment of the container's clock, in seconds, at which the file begins: 0 but
            for transport and program streams, whose clock starts anywhere.
        tracks: every other stream of the container, in file order.
        chapters: of the whole source.
        hdr: static HDR metadata, None when the source has none.
        chromaticities: as the file states them in numbers (EXR), else None.
        first_number: number in the name of the first image of a sequence that is delivered; frame
            ``f`` has ``first_number + number_step * (f.pts - first_pts)``.
        number_step: by which the numbers of a sequence rise from frame to frame.
        numbers: of a sequence's images, delivered or not.
        holes: numbers missing in the delivered part of a sequence.
        scene: frames carry scene values (a float source); ``Frame.scene``.
        input_colour: name of the curve and primaries that the user says the plate has, "" = tags.
        header_names: of the attributes in the first image's header (EXR) that say something of the
            shot; see ``Frame.attributes``.
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
    timecode: Timecode | None = None
    first_pts: int = 0
    clock_start: Fraction = Fraction(0)
    tracks: tuple[Track, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    hdr: HdrMetadata | None = None
    chromaticities: Chromaticities | None = None
    first_number: int | None = None
    number_step: int = 1
    numbers: range | None = None
    begin_seconds: Fraction = Fraction(0)
    first_frame: int = 0
    holes: tuple[int, ...] = ()
    scene: bool = False
    input_colour: str = ""
    header_names: tuple[str, ...] = ()


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
        scene: of a float source (EXR): R, G, B (H, W) float16 or float32 exactly as stored, values
            below 0 and above 1 included; a delivery that holds float takes these. ``planes`` then
            are the same picture within 0..1 as 16-bit R'G'B'. None for every other source.
        view: table from the plate's R'G'B' (of ``scene`` where there is one) to the SDR picture
            that a network sees; None for SDR plates. Nothing that is written comes from it.
        attributes: of the image's header (EXR) that stay true of what is made of the frame, by
            name: text, numbers, Fractions, small arrays and lists; ``timeCode`` as text (DPX too).
            Empty for other sources.
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
    scene: tuple[FloatPlane, ...] | None = None
    view: Lut | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """Rows of the luma plane."""
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        """Columns of the luma plane."""
        return int(self.planes[0].shape[1])

    def __reduce__(self) -> tuple[type[Frame], tuple[Any, ...]]:
        """For pickle and copies: with planes of its own, since the decoder's memory stays here."""
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        values["planes"] = tuple(map(np.array, self.planes))
        values["scene"] = None if self.scene is None else tuple(map(np.array, self.scene))
        values["owner"] = None
        return Frame, tuple(values.values())

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
