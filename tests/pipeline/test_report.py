"""The report: its line, its exit code, its JSON; which stage is said to limit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from streammat.pipeline.progress import SpeedGauge, eta
from streammat.pipeline.report import JobReport, OutputReport
from streammat.pipeline.timings import Limit, StageTimings, limit_of

OUTPUT = OutputReport("out.mp4", "composite", "H.264", "", "#00B140", "source")


def stage(name: str, busy: float, cpu: float, workers: int = 1, frames: int = 240) -> StageTimings:
    return StageTimings(name, workers, frames, busy, cpu, 0.0, 0.0)


REPORT = JobReport(
    source="in.mp4",
    outputs=(OUTPUT,),
    frames=240,
    lost_frames=0,
    seconds=9.8,
    startup_seconds=1.8,
    cpu_seconds=18.0,
    device="cpu",
    model="gfm_lite0_tt 512x288",
    width=1920,
    height=1080,
    cores=2,
    stages=(stage("infer", 5.0, 6.0), stage("encode", 6.0, 9.0)),
    limit=Limit("encode", 0.61),
)


def test_the_last_line() -> None:
    assert REPORT.last_line() == (
        "240 frames 9.8 s 24.5 fps | cpu, gfm_lite0_tt 512x288 | limited by encode (61 %)"
    )


def test_the_last_line_of_a_job_that_lost_frames_and_was_cancelled() -> None:
    line = replace(REPORT, lost_frames=2, cancelled=True, limit=None).last_line()
    assert line.endswith("gfm_lite0_tt 512x288 | 2 frames lost or damaged | cancelled")


def test_a_single_frame() -> None:
    assert replace(REPORT, frames=1).last_line().startswith("1 frame ")


@pytest.mark.parametrize(
    ("lost", "cancelled", "code"), [(0, False, 0), (1, False, 3), (0, True, 130), (1, True, 130)]
)
def test_the_exit_code(lost: int, cancelled: bool, code: int) -> None:
    assert replace(REPORT, lost_frames=lost, cancelled=cancelled).exit_code == code


def test_the_report_is_plain_json() -> None:
    data = json.loads(json.dumps(REPORT.to_json()))
    assert data["fps"] == pytest.approx(240 / 9.8)
    assert data["steady_fps"] == pytest.approx(240 / 8.0)
    assert data["outputs"][0]["path"] == "out.mp4"
    assert data["limit"] == {"stage": "encode", "share": 0.61}
    assert [stage["name"] for stage in data["stages"]] == ["infer", "encode"]
    assert data["stages"][1]["cpu_ms_per_frame"] == pytest.approx(9000 / 239)
    assert data["stages"][1]["busy_share"] == pytest.approx(6.0 / 8.0)


def test_with_busy_cores_the_stage_that_burns_most_cpu_limits() -> None:
    stages = [stage("infer", 10.0, 7.0), stage("encode", 5.0, 12.0)]
    assert limit_of(stages, 10.0, 2) == Limit("encode", 12.0 / 19.0)


def test_with_idle_cores_the_stage_that_is_always_at_work_limits() -> None:
    stages = [stage("decode", 9.0, 2.0), stage("encode", 5.0, 6.0)]
    assert limit_of(stages, 10.0, 8) == Limit("decode", 0.9)


def test_a_parallel_stage_is_judged_by_worker() -> None:
    stages = [stage("decode", 6.0, 2.0), stage("finish", 10.0, 6.0, workers=2)]
    limit = limit_of(stages, 10.0, 8)
    assert limit is not None
    assert limit.stage == "decode"


def test_first_frames_do_not_make_a_stage_slow() -> None:
    compiling = replace(stage("refine", 9.0, 9.0), warmup_seconds=8.0, warmup_cpu_seconds=8.0)
    assert limit_of([compiling, stage("encode", 3.0, 3.0)], 4.0, 8) == Limit("encode", 0.75)


def test_nothing_limits_a_job_without_frames() -> None:
    assert limit_of([stage("encode", 0.0, 0.0, frames=0)], 1.0, 2) is None


def test_speed_is_that_of_the_last_seconds() -> None:
    gauge = SpeedGauge()
    assert gauge.fps(0.0, 0) == 0
    for second in range(1, 11):
        gauge.fps(float(second), second)  # one frame a second
    for second in range(11, 18):
        speed = gauge.fps(float(second), 10 + 10 * (second - 10))  # then ten
    assert speed == pytest.approx(10.0)


def test_time_left() -> None:
    assert eta(100, 240, 28.0) == pytest.approx(5.0)
    assert eta(100, None, 28.0) is None
    assert eta(0, 240, 0.0) is None
