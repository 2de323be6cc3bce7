"""Helpers of the source tests: lossless clips whose planes are known to the last bit, images."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streammat.media.layouts import views
from streammat.media.reader import open_source
from streammat.settings import MatteSettings
from streammat.types import ColourTags, Frame, StreamInfo

Planes = tuple[NDArray[Any], ...]


def noise_frame(pixel_format: str, size: tuple[int, int], seed: int) -> av.VideoFrame:
    """A frame of (width, height) whose planes hold every code that its depth has."""
    frame = av.VideoFrame(*size, pixel_format)
    rng = np.random.default_rng(seed)
    planes, layout = views(frame, keep_alpha=True)
    for plane in planes:
        plane[...] = rng.integers(0, 1 << layout.bits, plane.shape)
    return frame


def lossless_clip(
    path: Path,
    pixel_format: str = "yuv420p",
    size: tuple[int, int] = (48, 32),
    frames: int = 3,
    tags: ColourTags | None = None,
    rate: Fraction = Fraction(25),
    metadata: dict[str, str] | None = None,
    stream_metadata: dict[str, str] | None = None,
    chapters: Sequence[dict[str, Any]] = (),
    tones: Sequence[str] = (),
) -> list[Planes]:
    """Write noise with FFV1 and return the planes of each frame as they were written."""
    written = []
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        stream.codec_context.thread_count = 1
        tag(stream.codec_context, tags)
        stream.metadata.update(stream_metadata or {})
        container.metadata.update(metadata or {})
        sounds = [_add_tone(container, language) for language in tones]
        if chapters:
            container.set_chapters(list(chapters))  # type: ignore[arg-type]
        for number in range(frames):
            frame = noise_frame(pixel_format, size, number)
            tag(frame, tags)
            written.append(tuple(plane.copy() for plane in views(frame, keep_alpha=True)[0]))
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for sound in sounds:
            _write_silence(container, sound)
    return written


def tag(target: av.VideoFrame | av.VideoCodecContext, tags: ColourTags | None) -> None:
    if tags is None:
        return
    target.color_primaries, target.color_trc = tags.primaries, tags.transfer
    target.colorspace = tags.matrix
    target.color_range = 0 if tags.full_range is None else 1 + int(tags.full_range)


def _add_tone(container: av.container.OutputContainer, language: str) -> av.AudioStream:
    stream = container.add_stream("pcm_s16le", rate=48000)
    assert isinstance(stream, av.AudioStream)
    stream.codec_context.layout = "mono"
    stream.metadata["language"] = language
    return stream


def _write_silence(container: av.container.OutputContainer, stream: av.AudioStream) -> None:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = 48000, 0, Fraction(1, 48000)
    container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def with_subtitles(source: Path, target: Path, text: str = "hello") -> Path:
    """A copy of a clip with one SubRip track."""
    script = target.with_suffix(".srt")
    script.write_text(f"1\n00:00:00,020 --> 00:00:00,080\n{text}\n\n", encoding="utf-8")
    with (
        av.open(str(source)) as clip,
        av.open(str(script)) as lines,
        av.open(str(target), "w") as out,
    ):
        pairs = {s.index: (s, out.add_stream_from_template(s)) for s in clip.streams}
        for stream, copy in pairs.values():
            copy.metadata.update(stream.metadata)
        words = out.add_stream_from_template(lines.streams[0])
        words.metadata["language"] = "eng"
        for packet in [p for p in clip.demux() if p.size]:
            packet.stream = pairs[packet.stream_index][1]
            out.mux(packet)
        for packet in [p for p in lines.demux() if p.size]:
            packet.stream = words
            out.mux(packet)
    return target


def read_source(path: Path | str, **settings: Any) -> tuple[StreamInfo, list[Frame], list[str]]:
    """Facts, frames and the lines that were said."""
    said: list[str] = []
    with open_source(str(path), MatteSettings(**settings), 1, said.append) as reader:
        frames = list(reader)
        return reader.info, frames, said
