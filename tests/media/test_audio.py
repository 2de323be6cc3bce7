"""Sound: copied bit for bit, transcoded where it must be, cut and moved with the picture."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.clips import make_clip

from .writing import copy_clip, packet_bytes, packet_times

AAC_PACKET = Fraction(1024, 48000)


@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
def test_sound_is_copied_bit_for_bit(tmp_path: Path, suffix: str) -> None:
    made = make_clip(tmp_path / "in.mp4", audio=True, frames=25)
    sink = copy_clip(made.path, tmp_path / f"out{suffix}")
    assert "aac sound copied" in sink.describe()
    assert packet_bytes(tmp_path / f"out{suffix}") == packet_bytes(made.path)
    assert packet_times(tmp_path / f"out{suffix}", "audio") == packet_times(made.path, "audio")


def test_matroska_leaves_out_what_lies_before_zero_and_the_picture_stays(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", audio=True, frames=25)
    copy_clip(made.path, tmp_path / "out.mkv")
    assert packet_times(tmp_path / "out.mkv") == made.pts_seconds
    assert packet_bytes(tmp_path / "out.mkv") == packet_bytes(made.path)[1:]


def test_webm_gets_opus(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", audio=True, frames=25)
    sink = copy_clip(made.path, tmp_path / "out.webm")
    assert "transcoded to opus" in sink.describe()
    with av.open(str(tmp_path / "out.webm")) as container:
        assert container.streams.audio[0].codec_context.codec.name == "opus"
    times = packet_times(tmp_path / "out.webm", "audio")
    assert abs(times[0]) < AAC_PACKET
    assert abs(times[-1] - 1) < 2 * AAC_PACKET
    assert packet_times(tmp_path / "out.webm") == made.pts_seconds


def test_opus_goes_into_mov_as_aac(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.webm", codec="libvpx-vp9", audio=True, frames=25)
    copy_clip(made.path, tmp_path / "out.mov")
    with av.open(str(tmp_path / "out.mov")) as container:
        assert container.streams.audio[0].codec_context.codec.name == "aac"


def test_copy_only_drops_what_does_not_fit_and_says_so(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", audio=True)
    lines: list[str] = []
    copy_clip(made.path, tmp_path / "out.webm", audio="copy", notify=lines.append)
    assert len(lines) == 1
    assert "webm cannot hold aac sound" in lines[0]
    with av.open(str(tmp_path / "out.webm")) as container:
        assert not container.streams.audio


def test_none_leaves_sound_out(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", audio=True)
    copy_clip(made.path, tmp_path / "out.mp4", audio="none")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert not container.streams.audio


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_sound_moves_with_start_and_ends_with_the_picture(tmp_path: Path, suffix: str) -> None:
    made = make_clip(tmp_path / "in.mp4", audio=True, frames=50)
    copy_clip(made.path, tmp_path / f"out{suffix}", start="0.8", end="1.6")
    video = packet_times(tmp_path / f"out{suffix}")
    audio = packet_times(tmp_path / f"out{suffix}", "audio")
    assert video == [Fraction(i, 25) for i in range(20)]
    assert abs(audio[0]) <= 2 * AAC_PACKET
    assert Fraction(7, 10) < audio[-1] < Fraction(8, 10) + AAC_PACKET


def test_the_copied_packets_are_those_of_the_chosen_part(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", audio=True, frames=50)
    copy_clip(made.path, tmp_path / "out.mp4", start="0.8")
    moment = Fraction(8, 10)
    source = dict(zip(packet_times(made.path, "audio"), packet_bytes(made.path), strict=True))
    expected = [data for when, data in sorted(source.items()) if when + AAC_PACKET > moment]
    assert packet_bytes(tmp_path / "out.mp4") == expected
