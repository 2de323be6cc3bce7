"""What the default settings of the encoders are worth: rate, quality, preset."""

from __future__ import annotations

import io
from dataclasses import replace
from fractions import Fraction

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from streammat.media.encodings import Encoding
from streammat.media.formats import video_encoding
from streammat.settings import MatteSettings, OutputKind
from tests.tolerances import RATE_KEPT

from .test_formats import INFO

WIDTH, HEIGHT = 192, 128


def coded(encoding: Encoding, options: dict[str, str], planes: list[NDArray[np.uint16]]) -> bytes:
    """One frame through the encoder, in a container."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as container:
        stream = container.add_stream(encoding.codec, rate=25, options=options)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, encoding.pixel_format
        frame = av.VideoFrame(WIDTH, HEIGHT, encoding.pixel_format)
        for target, plane in zip(frame.planes, planes, strict=True):
            rows = np.zeros((target.height, target.line_size // 2), np.uint16)
            rows[:, : target.width] = plane[:, : target.width]
            target.update(rows.tobytes())
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux([*stream.encode(frame), *stream.encode(None)])
    return file.getvalue()


def decoded(file: bytes) -> list[NDArray[np.uint8]]:
    with av.open(io.BytesIO(file), "r") as container:
        frame = next(container.decode(video=0))
    return [np.frombuffer(memoryview(plane), np.uint8) for plane in frame.planes]


def noise(planes: int, spread: float) -> list[NDArray[np.uint16]]:
    rng = np.random.default_rng(3)
    found = rng.normal(512, spread, (planes, HEIGHT, WIDTH))
    return [plane.astype(np.uint16) for plane in np.clip(found, 64, 940)]


@pytest.mark.parametrize("spread", [2.0, 40.0], ids=["soft", "grainy"])
def test_prores_with_alpha_is_what_the_search_for_quantisers_would_find(spread: float) -> None:
    encoding = video_encoding("o.mov", OutputKind.RGBA, INFO, MatteSettings())
    searched = {k: v for k, v in encoding.options.items() if k not in {"flags", "global_quality"}}
    assert searched != encoding.options
    planes = noise(4, spread)
    ours, theirs = (decoded(coded(encoding, o, planes)) for o in (encoding.options, searched))
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("chroma_x", [1, 2], ids=["4444", "422 HQ"])
def test_prores_without_alpha_keeps_grain_near_its_rate(chroma_x: int) -> None:
    layout = replace(INFO.layout, chroma_x=chroma_x, chroma_y=1)
    kind, info = OutputKind.COMPOSITE, replace(INFO, layout=layout)
    encoding = video_encoding("o.mov", kind, info, MatteSettings())
    planes = noise(3, 12.0)
    bounded = len(coded(encoding, encoding.options, planes))
    finest = video_encoding("o.mov", OutputKind.RGBA, info, MatteSettings())
    free = len(coded(replace(encoding, codec="prores_ks"), finest.options, planes))
    assert bounded < free * RATE_KEPT


@pytest.mark.parametrize(("suffix", "depth"), [("mp4", 8), ("mp4", 10)])
def test_a_bit_rate_is_spent_by_a_slower_preset_than_a_quality(suffix: str, depth: int) -> None:
    def options(**settings: str) -> dict[str, str]:
        wanted = MatteSettings(depth=depth, **settings)  # type: ignore[arg-type]
        return video_encoding(f"o.{suffix}", OutputKind.COMPOSITE, INFO, wanted).options

    assert "fast" in options()["preset"]
    assert options(bitrate="2M")["preset"] == "medium"
    assert options(bitrate="2M", encoder_preset="slow")["preset"] == "slow"
