"""What an output's suffix means."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from streammat.errors import ConfigError, OutputError
from streammat.media.formats import can_carry_alpha, kind_of, parse_bitrate, video_encoding
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import ColourTags, StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting

INFO = StreamInfo(
    path="in.mp4",
    width=96,
    height=64,
    rotation=0,
    sample_aspect=Fraction(1),
    rate=Fraction(25),
    time_base=Fraction(1, 25),
    frames=1,
    duration_seconds=1.0,
    layout=PixelLayout(),
    colour=Colour(),
    tags=ColourTags(1, 1, 1, False),
    codec="h264",
    pixel_format="yuv420p",
)
TEN_BIT = replace(INFO, layout=PixelLayout(bits=10))


@pytest.mark.parametrize(
    ("path", "alpha"),
    [
        ("o.mov", True),
        ("o.webm", True),
        ("o.png", True),
        ("o.%05d.png", True),
        ("folder/", True),
        ("o.mp4", False),
        ("o.m4v", False),
        ("o.mkv", False),
    ],
)
def test_the_suffix_decides_whether_alpha_fits(path: str, alpha: bool) -> None:
    assert can_carry_alpha(path) is alpha
    kind = OutputKind.RGBA if alpha else OutputKind.COMPOSITE
    assert kind_of(OutputRequest(path)) is kind


def test_rgba_into_mp4_is_refused_with_the_way_out() -> None:
    with pytest.raises(OutputError, match=r"cannot carry alpha; use \.mov"):
        kind_of(OutputRequest("o.mp4", OutputKind.RGBA))


@pytest.mark.parametrize("path", ["o.avi", "o", "o.%05d.jpg"])
def test_unknown_formats_are_refused_with_the_known_ones(path: str) -> None:
    with pytest.raises(OutputError, match="use"):
        kind_of(OutputRequest(path))


@pytest.mark.parametrize(
    ("path", "info", "kind", "codec", "pixel_format"),
    [
        ("o.mov", INFO, "rgba", "prores_ks", "yuva444p10le"),
        ("o.mov", INFO, "composite", "prores_ks", "yuv422p10le"),
        ("o.mp4", INFO, "composite", "libx264", "yuv420p"),
        ("o.mp4", TEN_BIT, "composite", "libx265", "yuv420p10le"),
        ("o.mp4", TEN_BIT, "alpha", "libx264", "yuv420p"),
        ("o.mkv", INFO, "foreground", "libx264", "yuv420p"),
        ("o.webm", INFO, "rgba", "libvpx-vp9", "yuva420p"),
        ("o.webm", INFO, "composite", "libvpx-vp9", "yuv420p"),
    ],
)
def test_default_codecs(
    path: str, info: StreamInfo, kind: str, codec: str, pixel_format: str
) -> None:
    encoding = video_encoding(path, OutputKind(kind), info, MatteSettings())
    assert (encoding.codec, encoding.pixel_format) == (codec, pixel_format)


def test_alpha_on_its_own_is_one_gray_plane() -> None:
    encoding = video_encoding("o.mp4", OutputKind.ALPHA, INFO, MatteSettings())
    assert encoding.layout == PixelLayout(Family.GRAY, 1, 1, 8)


def test_the_sources_colour_is_kept_where_the_codec_can() -> None:
    full = replace(INFO, colour=Colour(full_range=True, siting=Siting.CENTER))
    mp4 = video_encoding("o.mp4", OutputKind.COMPOSITE, full, MatteSettings())
    assert mp4.colour == full.colour
    prores = video_encoding("o.mov", OutputKind.RGBA, full, MatteSettings())
    assert not prores.colour.full_range


def test_crf_bitrate_and_preset_reach_the_encoder() -> None:
    chosen = video_encoding(
        "o.mp4", OutputKind.COMPOSITE, INFO, MatteSettings(crf=30, encoder_preset="fast")
    )
    assert chosen.options["crf"] == "30"
    assert chosen.options["preset"] == "fast"
    rated = video_encoding("o.mp4", OutputKind.COMPOSITE, INFO, MatteSettings(bitrate="2M"))
    assert rated.bitrate == 2_000_000
    assert "crf" not in rated.options


@pytest.mark.parametrize("text", ["", "fast", "-3M", "0"])
def test_a_bitrate_must_be_one(text: str) -> None:
    with pytest.raises(ConfigError, match="--bitrate"):
        parse_bitrate(text)
