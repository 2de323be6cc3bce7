"""What an output's suffix means."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from streammat.errors import ConfigError, OutputError
from streammat.media.formats import (
    can_carry_alpha,
    check_choices,
    kind_of,
    parse_bitrate,
    video_encoding,
)
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
WIDE = replace(INFO, tags=ColourTags(9, 14, 9, False))
TEN_BIT = replace(INFO, layout=PixelLayout(bits=10))


@pytest.mark.parametrize(
    ("path", "alpha"),
    [
        ("o.mov", True),
        ("o.webm", True),
        ("o.png", True),
        ("o.%05d.png", True),
        ("folder/", True),
        ("o.exr", True),
        ("o.%04d.tif", True),
        ("o.webp", True),
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
        ("o.mov", INFO, "composite", "prores_aw", "yuv422p10le"),
        ("o.mov", WIDE, "composite", "prores_ks", "yuv422p10le"),
        ("o.mov", INFO, "alpha", "prores_ks", "yuv422p10le"),
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


@pytest.mark.parametrize(
    ("path", "codec", "kind", "encoder", "pixel_format"),
    [
        ("o.mov", "qtrle", "rgba", "qtrle", "argb"),
        ("o.mov", "png", "rgba", "png", "rgba"),
        ("o.mov", "cineform", "rgba", "cfhd", "gbrap12le"),
        ("o.mkv", "ffv1", "rgba", "ffv1", "yuva444p"),
        ("o.mkv", "ffv1", "composite", "ffv1", "yuv420p"),
        ("o.mkv", "prores", "rgba", "prores_ks", "yuva444p10le"),
        ("o.mp4", "hevc", "composite", "libx265", "yuv420p"),
        ("o.mp4", "av1", "composite", "libsvtav1", "yuv420p"),
        ("o.mov", "av1,qtrle,h264", "composite", "qtrle", "rgb24"),
        ("o.webp", "", "rgba", "libwebp_anim", "bgra"),
    ],
)
def test_the_first_named_codec_that_fits_is_taken(
    path: str, codec: str, kind: str, encoder: str, pixel_format: str
) -> None:
    encoding = video_encoding(path, OutputKind(kind), INFO, MatteSettings(codec=codec))
    assert (encoding.codec, encoding.pixel_format) == (encoder, pixel_format)


@pytest.mark.parametrize(
    ("path", "codec", "depth", "pixel_format"),
    [
        ("o.mp4", None, 10, "yuv420p10le"),
        ("o.mp4", "h264", 10, "yuv420p10le"),
        ("o.mov", "png", 16, "rgb48be"),
        ("o.mkv", "ffv1", 16, "yuv420p16le"),
    ],
)
def test_the_depth_can_be_asked_for(
    path: str, codec: str | None, depth: int, pixel_format: str
) -> None:
    asked = MatteSettings(codec=codec, depth=depth)
    assert video_encoding(path, OutputKind.COMPOSITE, INFO, asked).pixel_format == pixel_format


@pytest.mark.parametrize(
    ("paths", "codec", "depth", "line"),
    [
        (["o.mp4"], "prores", None, r"\.mp4 cannot hold ProRes .* use \.mov or \.mkv, or --codec"),
        (["o.mov", "o.png"], "vp9", None, "cannot hold VP9"),
        (["o.png"], "tiff", None, r"use \.tif or \.tiff"),
        (["o.mov"], "qtrle", 16, "written with 8 bits, not 16; leave --depth out, or use"),
        (["o.webm"], None, 10, "VP9 is written with 8 bits, not 10"),
        (["o.mp4"], "h264", 12, "written with 8 or 10 bits, not 12"),
    ],
)
def test_a_codec_or_depth_that_no_output_can_have_is_refused_with_the_way_out(
    paths: list[str], codec: str | None, depth: int | None, line: str
) -> None:
    with pytest.raises(OutputError, match=line) as caught:
        check_choices(paths, MatteSettings(codec=codec, depth=depth))
    assert "\n" not in str(caught.value)


def test_choices_hold_for_the_outputs_that_can_follow_them() -> None:
    check_choices(["o.mov", "o.mp4"], MatteSettings(codec="qtrle,hevc", depth=8))
    check_choices(["o.%04d.tif", "o.mp4"], MatteSettings(depth=16))
    with pytest.raises(ConfigError, match="--codec divx: unknown; use prores"):
        check_choices(["o.mov"], MatteSettings(codec="divx"))


def test_a_codec_without_alpha_decides_what_a_bare_path_holds() -> None:
    assert kind_of(OutputRequest("o.mov"), "h264") is OutputKind.COMPOSITE
    assert kind_of(OutputRequest("o.mkv"), "ffv1") is OutputKind.RGBA
    with pytest.raises(OutputError, match=r"H\.264 cannot carry alpha"):
        kind_of(OutputRequest("o.mov", OutputKind.RGBA), "h264")


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
