"""Stages measured alone: every stage, every frame, and the bound that follows."""

from __future__ import annotations

from pathlib import Path

import pytest

import streammat.pipeline.job as job_module
from streammat.matting import FixedMatter
from streammat.pipeline.alone import StageCost, bound, measure
from streammat.settings import MatteSettings, OutputRequest
from tests.clips import make_clip
from tests.pipeline.fakes import ramp


class Ramp(FixedMatter):
    def __init__(self) -> None:
        super().__init__(ramp)

    def warm_up(self, height: int, width: int) -> None:
        del height, width


def test_every_stage_is_measured_on_every_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_module, "frame_matter", lambda *_, **__: Ramp())
    clip = make_clip(tmp_path / "in.mp4", frames=8)
    outputs = [OutputRequest(f"{tmp_path}/a.mp4"), OutputRequest(f"{tmp_path}/b.mov")]
    costs = measure(str(clip.path), outputs, MatteSettings(threads=2), 6, warm_up=2)
    assert [cost.name for cost in costs] == [
        "decode",
        "prepare",
        "infer",
        "refine",
        "background",
        "finish",
        "encode mp4",
        "encode mov",
    ]
    assert {cost.frames for cost in costs} == {6}
    assert [cost.name for cost in costs if not cost.serial] == ["finish"]
    assert (tmp_path / "a.mp4").exists()
    assert (tmp_path / "b.mov").exists()


def test_the_slowest_serial_stage_bounds_the_speed() -> None:
    costs = [
        StageCost("decode", True, 10, wall_seconds=1.0, cpu_seconds=0.1),
        StageCost("finish", False, 10, wall_seconds=5.0, cpu_seconds=0.1),
    ]
    assert bound(costs, 8) == pytest.approx(10.0)


def test_the_cores_bound_the_speed() -> None:
    costs = [
        StageCost("decode", True, 10, wall_seconds=0.5, cpu_seconds=1.0),
        StageCost("encode", True, 10, wall_seconds=0.5, cpu_seconds=3.0),
    ]
    assert bound(costs, 2) == pytest.approx(5.0)
