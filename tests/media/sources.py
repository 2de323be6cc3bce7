"""Helpers of the source tests: lossless clips whose planes are known to the last bit, images."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streammat.media.colour_tags import write_tags
from streammat.media.layouts import views
from streammat.media.reader import open_source
from streammat.settings import MatteSettings
from streammat.types import ColourTags, Frame, StreamInfo
from tests.clips import make_clip

HLG = ColourTags(primaries=9, transfer=18, matrix=9, full_range=False)
PHONE_STAMPS = [0, 20, 39, 61, 80, 99, 121]  # in 600ths of a second

Planes = tuple[NDArray[Any], ...]


def noise_frame(pixel_format: str, size: tuple[int, int], seed: int) -> av.VideoFrame:
    """A frame of (width, height) whose planes hold every code that its depth has."""
    frame = av.VideoFrame(*size, pixel_format)
    rng = np.random.default_rng(seed)
    planes, layout = views(frame, keep_alpha=True)
    for plane in planes:
        plane[...] = rng.integers(0, 1 << layout.bits, plane.shape)
    return frame


def write_dpx(path: Path, frame: av.VideoFrame) -> None:
    with av.open(str(path), "w", format="image2") as out:
        stream = out.add_stream("dpx", rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        out.mux([*stream.encode(frame), *stream.encode(None)])


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
        if tags is not None:
            write_tags(stream.codec_context, tags)
        stream.metadata.update(stream_metadata or {})
        container.metadata.update(metadata or {})
        sounds = [_add_tone(container, language) for language in tones]
        if chapters:
            container.set_chapters(list(chapters))  # type: ignore[arg-type]
        for number in range(frames):
            frame = noise_frame(pixel_format, size, number)
            if tags is not None:
                write_tags(frame, tags)
            written.append(tuple(plane.copy() for plane in views(frame, keep_alpha=True)[0]))
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for sound in sounds:
            _write_silence(container, sound)
    return written


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


def phone_clip(folder: Path) -> Path:
    """Portrait by rotation, variable rate, 10-bit HLG in HEVC, AAC, a track of unknown kind."""
    clip = make_clip(
        folder / "p.mov", size=(64, 96), codec="libx265", pix_fmt="yuv420p10le",
        pts=PHONE_STAMPS, time_base=Fraction(1, 600), audio=True, rotation=270,
        tags=HLG,
    )  # fmt: skip
    with av.open(str(clip.path)) as source, av.open(str(folder / "q.mov"), "w") as out:
        video = out.add_stream_from_template(source.streams.video[0])
        sound = out.add_stream_from_template(source.streams.audio[0])
        video.metadata["timecode"] = "00:00:00:00"
        video.set_display_rotation(-90)
        for packet in source.demux(source.streams.video[0], source.streams.audio[0]):
            if packet.size:
                packet.stream = video if packet.stream.type == "video" else sound
                out.mux(packet)
    phone = folder / "phone.mov"
    phone.write_bytes((folder / "q.mov").read_bytes().replace(b"tmcd", b"mebx"))
    return phone


def read_source(path: Path | str, **settings: Any) -> tuple[StreamInfo, list[Frame], list[str]]:
    """Facts, frames and the lines that were said."""
    said: list[str] = []
    with open_source(str(path), MatteSettings(**settings), 1, said.append) as reader:
        frames = list(reader)
        return reader.info, frames, said


def white_dpx(path: Path, size: tuple[int, int]) -> str:
    """A DPX of 10 bits, every sample 1023; its path."""
    frame = av.VideoFrame(*size, "gbrp10le")
    for plane in frame.planes:
        plane.update(np.full(plane.buffer_size // 2, 1023, "<u2").tobytes())
    with av.open(str(path), "w", format="image2") as out:
        stream = out.add_stream("dpx", rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *size, "gbrp10le"
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return str(path)
