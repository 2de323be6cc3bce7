"""Results through a pipe: Y4M that FFmpeg reads back exactly, raw RGBA without a header."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest

from streammat.media.pipe_sink import PipeSink
from streammat.settings import OutputKind
from streammat.types import ColourTags, Frame, Plane, StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout

WIDTH, HEIGHT = 21, 14
INFO = StreamInfo(
    path="in.mp4",
    width=WIDTH,
    height=HEIGHT,
    rotation=0,
    sample_aspect=Fraction(4, 3),
    rate=Fraction(30000, 1001),
    time_base=Fraction(1, 30000),
    frames=2,
    duration_seconds=None,
    layout=PixelLayout(),
    colour=Colour(),
    tags=ColourTags(),
    codec="h264",
    pixel_format="yuv420p",
)


def _write(kind: OutputKind, info: StreamInfo, frames: int = 2) -> tuple[bytes, list[list[Plane]]]:
    """Random pictures through the sink: the bytes, and the planes that went in."""
    rng = np.random.default_rng(1)
    stream = io.BytesIO()
    written: list[list[Plane]] = []
    sink = PipeSink(kind, info, notify=lambda line: None, stream=stream)
    for index in range(frames):
        picture = sink.new_picture()
        for plane in picture.planes:
            plane[...] = rng.integers(0, 1 << sink.layout.bits, plane.shape)
        written.append([plane.copy() for plane in picture.planes])
        sink.write(
            picture, Frame(picture.planes, sink.layout, sink.colour, index, info.time_base, index)
        )
    sink.close()
    return stream.getvalue(), written


@pytest.mark.parametrize(
    ("layout", "name"),
    [
        (PixelLayout(), "yuv420p"),
        (PixelLayout(chroma_y=1), "yuv422p"),
        (PixelLayout(Family.RGB, 1, 1), "yuv444p"),
        (PixelLayout(bits=10), "yuv420p10le"),
        (PixelLayout(Family.SEMIPLANAR, 2, 2, 10, 6), "yuv420p10le"),
    ],
)
def test_ffmpeg_reads_back_the_same_samples(layout: PixelLayout, name: str) -> None:
    data, written = _write(OutputKind.COMPOSITE, replace(INFO, layout=layout))
    with av.open(io.BytesIO(data), "r", format="yuv4mpegpipe") as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == name
        assert stream.average_rate == INFO.rate
        assert stream.sample_aspect_ratio == INFO.sample_aspect
        frames = list(container.decode(stream))
    assert len(frames) == len(written)
    for frame, planes in zip(frames, written, strict=True):
        for plane, expected in zip(frame.planes, planes, strict=True):
            rows = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)
            row_bytes = expected.shape[1] * expected.itemsize
            np.testing.assert_array_equal(rows[:, :row_bytes], expected.view(np.uint8))


def test_an_alpha_is_gray_over_the_full_range() -> None:
    data, written = _write(OutputKind.ALPHA, INFO, frames=1)
    header, _, rest = data.partition(b"\n")
    assert b"Cmono" in header
    assert b"XCOLORRANGE=FULL" in header
    assert rest == b"FRAME\n" + written[0][0].tobytes()


def test_rgba_is_interleaved_and_has_no_header() -> None:
    data, written = _write(OutputKind.RGBA, INFO)
    pixels = np.frombuffer(data, np.uint8).reshape(2, HEIGHT, WIDTH, 4)
    for picture, planes in zip(pixels, written, strict=True):
        np.testing.assert_array_equal(picture, np.stack(planes, axis=-1))


def test_what_a_pipe_cannot_carry_is_said() -> None:
    said: list[str] = []
    PipeSink(
        OutputKind.COMPOSITE,
        replace(INFO, audio_tracks=1, variable_rate=True),
        notify=said.append,
        stream=io.BytesIO(),
    )
    assert [line for line in said if "sound" in line]
    assert [line for line in said if "constant rate" in line]
