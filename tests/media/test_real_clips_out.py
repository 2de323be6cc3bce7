"""Clips of other programs through whole jobs: each is delivered."""

from __future__ import annotations

from pathlib import Path

import pytest

from .round_trip import ramp_alpha, run_matte, use_matter
from .writing import packet_times

pytestmark = pytest.mark.data

SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".gif", ".ts", ".m4v"}


def test_each_clip_is_delivered(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_matter(monkeypatch, ramp_alpha)
    folder = shared_data / "videos"
    for number, clip in enumerate(sorted(folder.rglob("*"))):
        if clip.suffix.lower() not in SUFFIXES:
            continue
        target = tmp_path / str(number)
        target.mkdir()
        outputs = [f"{target}/o.mov", f"composite={target}/o.mp4"]
        report = run_matte(clip, *outputs, limit=2)
        assert report.frames > 0, clip
        for name in ("o.mov", "o.mp4"):
            assert len(packet_times(target / name)) == report.frames, clip
