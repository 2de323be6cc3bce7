"""Facts of an opened video stream, from the container and from its first decoded picture."""

from __future__ import annotations

from fractions import Fraction

import av

from streammat.errors import MediaError
from streammat.types import ColourTags, StreamInfo
from streammat_kernels.layout import Colour, PixelLayout

from .colour_tags import read_tags, resolve
from .container_facts import reel_tag
from .durations import indexed_seconds
from .ffmpeg import fraction, known_fraction
from .layouts import mapping, nearest_planar
from .rotation import quarter_turns, upright_aspect, upright_colour, upright_layout

_MICROSECONDS = 1_000_000
_FREE_CLOCKS = {"mpegts", "mpeg"}  # cut out of a stream that ran before


def video_stream(container: av.container.InputContainer, path: str) -> av.VideoStream:
    """The first video stream that is no cover picture.

    Raises:
        MediaError: there is none.
    """
    streams = container.streams.video
    moving = [stream for stream in streams if not _is_cover(stream)]
    if moving:
        return moving[0]
    sounds = len(container.streams.audio)
    found = f"{sounds} audio stream{'' if sounds == 1 else 's'}" if sounds else "nothing usable"
    raise MediaError(
        f"{path}: no video stream ({found} found); give a file with video, "
        f"or see 'streammat probe {path}'"
    )


def _is_cover(stream: av.VideoStream) -> bool:
    disposition = getattr(stream.disposition, "name", None) or ""
    return "attached_pic" in disposition


def source_colour(
    frame: av.VideoFrame, stream: av.VideoStream
) -> tuple[PixelLayout, Colour, ColourTags]:
    """Layout (alpha included), colour and completed tags of a decoded, still unturned picture."""
    name = frame.format.name
    found = mapping(name) or mapping(nearest_planar(name))
    assert found is not None
    tags = read_tags(frame, stream.codec_context)
    colour, complete = resolve(
        tags,
        found.layout,
        min(frame.height, frame.width) if _turns(frame) % 2 else frame.height,
        codec=stream.codec_context.codec.name,
        jpeg_range=name.startswith("yuvj"),
    )
    return found.layout, colour, complete


def _turns(frame: av.VideoFrame) -> int:
    return quarter_turns(frame.rotation)


def stream_info(
    path: str,
    container: av.container.InputContainer,
    stream: av.VideoStream,
    frame: av.VideoFrame,
    *,
    keep_alpha: bool,
    interlaced: bool,
    turns: int,
    begin: int,
) -> StreamInfo:
    """Everything known once the first picture is there; sizes and layout are upright.

    ``begin`` is the time stamp of the stream's first frame.
    """
    layout, colour, tags = source_colour(frame, stream)
    layout = PixelLayout(
        layout.family,
        layout.chroma_x,
        layout.chroma_y,
        layout.bits,
        layout.shift,
        alpha=layout.alpha and keep_alpha,
    )
    sideways = turns % 2 == 1
    rate = known_fraction(stream.average_rate) or known_fraction(stream.guessed_rate)
    duration = duration_seconds(container, stream, begin)
    aspect = known_fraction(stream.sample_aspect_ratio) or Fraction(1)
    return StreamInfo(
        path=path,
        width=frame.height if sideways else frame.width,
        height=frame.width if sideways else frame.height,
        rotation=turns * 90,
        sample_aspect=upright_aspect(aspect, turns),
        rate=rate,
        time_base=fraction(stream.time_base),
        frames=frame_count(stream, duration, rate),
        duration_seconds=duration,
        layout=upright_layout(layout, turns),
        colour=upright_colour(colour, layout, turns),
        tags=tags,
        codec=stream.codec_context.codec.name,
        pixel_format=frame.format.name,
        interlaced=interlaced,
        audio_tracks=len(container.streams.audio),
        variable_rate=is_variable(stream),
        metadata=dict(container.metadata) | reel_tag(container, stream),
    )


def clock_start(container: av.container.InputContainer) -> Fraction:
    """Where a file begins on a clock that starts anywhere; 0 for files that count from 0."""
    if container.format.name not in _FREE_CLOCKS:
        return Fraction(0)
    rounded = container.start_time or 0  # maybe up, and no packet may lie before the start
    return Fraction(max(rounded - 1, 0), _MICROSECONDS)


def duration_seconds(
    container: av.container.InputContainer, stream: av.VideoStream, begin: int
) -> float | None:
    """Length of the video in seconds as stated; None when neither stream nor container say."""
    own = indexed_seconds(stream, begin)
    if own is not None:
        return float(own)
    if stream.duration:
        return float(stream.duration * fraction(stream.time_base))
    if container.duration:
        return container.duration / _MICROSECONDS
    return None


def frame_count(
    stream: av.VideoStream, duration: float | None, rate: Fraction | None
) -> int | None:
    """Number of frames: stated by the container, else estimated from length and rate.

    An index also counts frames that an edit list hides; the length does not.
    """
    estimate = None if duration is None or rate is None else max(1, round(duration * float(rate)))
    if stream.frames <= 0 or (estimate is not None and estimate < stream.frames - 1):
        return estimate
    return int(stream.frames)


def is_variable(stream: av.VideoStream) -> bool:
    """The average rate and the rate that all stamps would fit differ by more than one percent."""
    average, exact = known_fraction(stream.average_rate), known_fraction(stream.base_rate)
    return average is not None and exact is not None and abs(average / exact - 1) > Fraction(1, 100)
