"""Whole jobs, file to file: frames per second, what limits them, and how well the stages overlap.

``python -m benchmarks pipeline [--case NAME] [--clip FILE] [--json FILE]``. In one run every stage
is measured alone, then the job as a user starts it. Efficiency = fps / min(1 / slowest serial
stage, cores / sum of the stages' CPU seconds a frame). A run in which other programs took more than
10 % of the machine is not valid.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from streammat.pipeline import matte_file
from streammat.pipeline.alone import StageCost, bound, measure
from streammat.settings import MatteSettings, OutputKind, OutputRequest

from .clips import scaled_sample
from .record import LoadMeter, Spread, cores, write_result

FRAMES_ALONE = 40
EFFICIENCY_LIMIT = 0.85


@dataclass(frozen=True, slots=True)
class Case:
    """One job, and the frames per second that are wanted of it."""

    name: str
    width: int
    height: int
    outputs: tuple[tuple[str, OutputKind], ...]
    settings: MatteSettings
    limit_fps: float | None = None
    frames: int = 200


PLAIN = MatteSettings(overwrite=True)
COMPOSITE = (("out.mp4", OutputKind.COMPOSITE),)
CASES = (
    Case("1080p H.264 to H.264 over green", 1920, 1080, COMPOSITE, PLAIN, limit_fps=12),
    Case("720p H.264 to H.264 over green", 1280, 720, COMPOSITE, PLAIN, limit_fps=15),
    Case(
        "1080p H.264 to H.264, estimated foreground",
        1920,
        1080,
        COMPOSITE,
        MatteSettings(overwrite=True, foreground="estimated"),
        limit_fps=6,
    ),
    Case(
        "1080p H.264 to H.264 over a blurred background",
        1920,
        1080,
        COMPOSITE,
        MatteSettings(overwrite=True, background="blur"),
        frames=120,
    ),
    Case(
        "1080p H.264 to ProRes 4444, estimated foreground",
        1920,
        1080,
        (("out.mov", OutputKind.RGBA),),
        PLAIN,
        frames=80,
    ),
)


def _requests(case: Case, folder: Path) -> list[OutputRequest]:
    return [OutputRequest(str(folder / name), kind) for name, kind in case.outputs]


def _stage_rows(costs: list[StageCost]) -> list[dict[str, Any]]:
    return [
        {
            "stage": cost.name,
            "serial": cost.serial,
            "wall_ms": round(1e3 * cost.wall_seconds / cost.frames, 2),
            "cpu_ms": round(1e3 * cost.cpu_seconds / cost.frames, 2),
        }
        for cost in costs
        if cost.frames
    ]


def run_case(case: Case, clip: Path, folder: Path, repeats: int) -> dict[str, Any]:
    """Stages alone, then ``repeats`` whole jobs; the row holds the medians."""
    outputs = _requests(case, folder)
    with LoadMeter() as alone_meter:
        costs = measure(str(clip), outputs, case.settings, FRAMES_ALONE)
    possible = bound(costs, cores())
    totals, steady, reports, foreign = [], [], [], [alone_meter.load.foreign_cpu_share]
    for _ in range(repeats):
        with LoadMeter() as meter:
            reports.append(matte_file(str(clip), outputs, case.settings))
        totals.append(reports[-1].fps)
        steady.append(reports[-1].steady_fps)
        foreign.append(meter.load.foreign_cpu_share)
    limit, last = Spread.of(totals), reports[-1]
    return {
        "case": case.name,
        "frames": last.frames,
        "fps": limit.median,
        "fps_spread": limit,
        "steady_fps": Spread.of(steady).median,
        "possible_fps": possible,
        "efficiency": Spread.of(steady).median / possible,
        "efficiency_limit": EFFICIENCY_LIMIT,
        "limit_fps": case.limit_fps,
        "limited_by": last.limit.stage if last.limit else "",
        "stages_alone": _stage_rows(costs),
        "model": last.model,
        "foreign_cpu_share": round(max(foreign), 3),
        "valid": max(foreign) <= 0.10,
        "reached": None if case.limit_fps is None else limit.median >= case.limit_fps,
    }


def _clip(case: Case, given: Path | None, folder: Path) -> Path:
    return given or scaled_sample(folder, case.width, case.height, case.frames)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks pipeline", description=__doc__)
    parser.add_argument("--case", help="only cases whose name contains this")
    parser.add_argument("--clip", type=Path, help="another clip for all cases")
    parser.add_argument("--model", help="another model, by name or file")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--frames", type=int, help="fewer frames than the case has")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = []
    for case in CASES:
        if options.case and options.case not in case.name:
            continue
        settings = replace(case.settings, model=options.model or case.settings.model)
        chosen = replace(case, frames=options.frames or case.frames, settings=settings)
        with tempfile.TemporaryDirectory() as folder:
            clip = _clip(chosen, options.clip, Path(folder))
            row = run_case(chosen, clip, Path(folder), options.repeats)
            rows.append({**row, "clip": clip.name, "clip_sha256": _sha256(clip)})
        print(json.dumps(rows[-1], default=str))
    write_result(options.json, "pipeline", rows)
    return 0
