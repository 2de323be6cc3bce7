"""crf, bit rate and preset: refused where an encoder does not have them, named where unused."""

from __future__ import annotations

import av
import pytest

from streammat.errors import ConfigError
from streammat.media.deliveries import DELIVERIES, delivery
from streammat.media.formats import video_encoding
from streammat.media.rate_control import check_rates, takes_bitrate, unused_rates
from streammat.pipeline.opening import plan_outputs
from streammat.settings import MatteSettings, OutputKind, OutputRequest

from .test_formats import INFO

GOVERNED = [row.name for row in DELIVERIES if takes_bitrate(row)]


@pytest.mark.parametrize(
    ("name", "crf", "most"), [("h264", 52, 51), ("hevc", 60, 51), ("vp9", 64, 63), ("av1", 99, 63)]
)
def test_a_crf_beyond_the_encoders_range_names_the_range(name: str, crf: int, most: int) -> None:
    with pytest.raises(ConfigError, match=rf"--crf {crf}: .* takes 0\.\.{most}$"):
        check_rates("o.mp4", delivery(name), MatteSettings(crf=crf))
    check_rates("o.mp4", delivery(name), MatteSettings(crf=most))


@pytest.mark.parametrize("name", GOVERNED)
def test_an_unknown_preset_names_those_that_there_are(name: str) -> None:
    with pytest.raises(ConfigError, match=r"--encoder-preset snail: .* takes .*(veryslow|8|13)"):
        check_rates("o", delivery(name), MatteSettings(encoder_preset="snail"))


@pytest.mark.parametrize(
    ("path", "codec", "preset"),
    [
        ("o.mp4", "h264", "ultrafast"),
        ("o.mp4", "hevc", "ultrafast"),
        ("o.webm", "vp9", "realtime"),
        ("o.webm", "vp9", "8"),
        ("o.webm", "vp9", "-8"),
        ("o.mkv", "av1", "13"),
    ],
)
def test_the_encoder_opens_with_the_presets_that_are_let_through(
    path: str, codec: str, preset: str
) -> None:
    settings = MatteSettings(codec=codec, encoder_preset=preset, crf=51)
    encoding = video_encoding(path, OutputKind.COMPOSITE, INFO, settings)
    context = av.CodecContext.create(encoding.codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 96, 64, encoding.pixel_format
    context.time_base, context.options = INFO.time_base, encoding.options
    context.open()
    assert context.is_open


def test_what_no_output_uses_is_named() -> None:
    settings = MatteSettings(crf=18, bitrate="8M", encoder_preset="slow")
    assert unused_rates([delivery("prores")], settings) == [
        "--crf 18", "--bitrate 8M", "--encoder-preset slow",
    ]  # fmt: skip
    assert unused_rates([delivery("prores"), delivery("h264")], settings) == []
    assert unused_rates([delivery("webp")], MatteSettings(crf=0)) == []
    assert unused_rates([delivery("webp")], MatteSettings(crf=5)) == ["--crf 5"]
    assert unused_rates([], MatteSettings()) == []


def test_a_job_says_so_once_before_it_starts() -> None:
    said: list[str] = []
    requests = [OutputRequest("o.mov", None), OutputRequest("frames/%04d.png", None)]
    plan_outputs(requests, MatteSettings(crf=20), said.append)
    assert said == ["--crf 20: not used; ProRes 4444 / 422 HQ, PNG has no such setting"]


def test_a_bit_rate_decides_where_a_crf_is_given_too() -> None:
    said: list[str] = []
    settings = MatteSettings(crf=20, bitrate="8M", background="#000000")
    plan_outputs([OutputRequest("o.mp4", None)], settings, said.append)
    assert said == ["--crf 20 is not used: --bitrate 8M decides"]


def test_a_job_with_a_wrong_preset_is_refused_before_anything_is_decoded() -> None:
    settings = MatteSettings(encoder_preset="fastest", background="#000000")
    with pytest.raises(ConfigError, match=r"o\.mp4: --encoder-preset fastest: H\.264 takes ultra"):
        plan_outputs([OutputRequest("o.mp4", None)], settings, lambda line: None)
