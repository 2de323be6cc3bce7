"""Seconds to ``--help`` and to the first finished frame, with caches empty (cold) and full (warm).

``python -m benchmarks start [--clip FILE] [--json FILE]``. Cold means: no compiled kernels and no
compiled network. The whole process is timed, interpreter start and file writing included.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .record import LoadMeter, Spread, write_result

SAMPLE = Path(__file__).resolve().parent.parent / "streammat" / "demo" / "sample.mp4"
LIMITS_SECONDS = {
    "--help": 0.5,
    "first frame, cold": 20.0,
    "first frame, cold, ProRes": 20.0,
    "first frame, warm": 3.0,
}


def _seconds(command: list[str], caches: Path) -> float:
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(caches / "numba"),
        "STREAMMAT_CACHE_DIR": str(caches / "streammat"),
    }
    start = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def _row(name: str, values: list[float], meter: LoadMeter) -> dict[str, Any]:
    spread = Spread.of(values)
    limit = LIMITS_SECONDS[name]
    return {
        "case": name,
        "seconds": spread,
        "limit_seconds": limit,
        "reached": spread.median <= limit,
        "valid": meter.load.valid,
        "foreign_cpu_share": round(meter.load.foreign_cpu_share, 3),
    }


def measure(clip: Path, repeats: int) -> list[dict[str, Any]]:
    """Time the cases; cold runs use a new cache folder each."""
    program = [sys.executable, "-m", "streammat"]
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        first = [*program, "matte", str(clip), "--limit", "1", "--overwrite", "-o"]
        matte, prores = [*first, f"{folder}/first.mp4"], [*first, f"{folder}/first.mov"]
        with LoadMeter() as meter:
            values = [_seconds([*program, "--help"], Path(folder)) for _ in range(repeats)]
        rows.append(_row("--help", values, meter))
        for name, job in (("first frame, cold", matte), ("first frame, cold, ProRes", prores)):
            turns = range(max(1, repeats // 3))
            with LoadMeter() as meter:
                cold = [_seconds(job, Path(folder) / f"cold{job[-1][-3:]}{n}") for n in turns]
            rows.append(_row(name, cold, meter))
        with LoadMeter() as meter:
            values = [_seconds(matte, Path(folder) / "coldmp40") for _ in range(repeats)]
        rows.append(_row("first frame, warm", values, meter))
    return rows


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks start", description=__doc__)
    parser.add_argument("--clip", type=Path, default=SAMPLE)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = measure(options.clip, options.repeats)
    for row in rows:
        print(
            f"{row['case']:<26} {row['seconds'].median:6.2f} s  (limit {row['limit_seconds']} s)"
            f"  foreign {row['foreign_cpu_share']:.0%}"
        )
    write_result(options.json, "start", rows, clip=options.clip.name)
    return 0
