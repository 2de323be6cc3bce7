"""Clips of other programs: read to the end, time stamps kept through a sink."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest

from streammat.media.reader import open_reader
from streammat.settings import OutputKind

from .writing import copy_clip, packet_times, silent

pytestmark = pytest.mark.data

# name: (upright size, frames, lost frames, rotation)
CLIPS = {
    "decord/corrupted.mp4": ((1280, 720), 49, 2, 0),
    "decord/unordered.mov": ((50, 50), 4, 0, 0),
    "decord/video_90.mov": ((320, 568), 3, 0, 270),
    "decord/video_180.mov": ((568, 320), 3, 0, 180),
    "decord/video_270.mov": ((320, 568), 3, 0, 90),
    "moviepy/no_duration.webm": ((1280, 720), 74, 0, 0),
    "moviepy/transparent.webm": ((200, 200), 150, 0, 0),
    "moviepy/fire2.mp4": ((1280, 720), 25, 0, 180),
    "torchcodec/h264_10bits.mp4": ((200, 200), 30, 0, 0),
    "torchcodec/h265_10bits.mp4": ((200, 200), 30, 0, 0),
    "torchcodec/bt709_full_range.mp4": ((1280, 720), 30, 0, 0),
    "torchcodec/av1_video.mkv": ((640, 360), 125, 0, 0),
    "webrtc/mixed-content.webm": ((480, 270), 394, 0, 0),
}


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_is_read(shared_data: Path, name: str) -> None:
    size, count, lost, rotation = CLIPS[name]
    with open_reader(shared_data / "videos" / name, notify=silent) as reader:
        assert (reader.info.width, reader.info.height) == size
        assert reader.info.rotation == rotation
        stamps = [(frame.pts, frame.planes[0].shape) for frame in reader]
        assert reader.lost_frames == lost
    assert len(stamps) == count
    assert {shape for _, shape in stamps} == {size[::-1]}
    assert all(a < b for (a, _), (b, _) in pairwise(stamps))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("moviepy/fire2.mp4", ".mov"),
        ("moviepy/fire2.mp4", ".mp4"),
        ("moviepy/no_duration.webm", ".mp4"),
        ("moviepy/transparent.webm", ".webm"),
    ],
)
def test_time_stamps_survive(shared_data: Path, tmp_path: Path, name: str, suffix: str) -> None:
    source = shared_data / "videos" / name
    with open_reader(source, limit=5, notify=silent) as reader:
        expected = [frame.pts * frame.time_base for frame in reader]
    target = tmp_path / f"out{suffix}"
    copy_clip(source, target, OutputKind.COMPOSITE, limit=5)
    tick = Fraction(1, 1000) if suffix == ".webm" else Fraction(0)
    for before, after in zip(expected, packet_times(target), strict=True):
        assert abs(before - after) <= tick / 2
