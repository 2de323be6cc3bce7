"""Peak memory of whole jobs, and the growth from frame 200 to frame 2,000.

``python -m benchmarks memory [--json FILE] [--case NAME]``. The sample clip is scaled up and looped
to the case's size; the job runs as a user would start it, its memory is read from outside.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .clips import scaled_sample
from .record import write_result

GROWTH_LIMIT_MIB = 16.0


@dataclass(frozen=True, slots=True)
class Case:
    """One job and its memory limit."""

    name: str
    width: int
    height: int
    frames: int
    outputs: tuple[str, ...]
    options: tuple[str, ...]
    limit_mib: int
    pixel_format: str = "yuv420p"


CASES = (
    Case("1080p to H.264", 1920, 1080, 90, ("out.mp4",), (), 900),
    Case(
        "1080p 10-bit to ProRes and composite, estimated foreground",
        1920,
        1080,
        60,
        ("rgba=out.mov", "composite=out.mp4"),
        ("--foreground", "estimated"),
        1200,
        "yuv420p10le",
    ),
    Case("2160p to H.264", 3840, 2160, 30, ("out.mp4",), (), 3000),
    Case("growth over 2,000 frames", 640, 360, 2000, ("out.mp4",), (), 900),
)


def _job(case: Case, clip: Path, folder: Path) -> list[str]:
    command = [sys.executable, "-m", "streammat", "matte", str(clip), "--overwrite"]
    for output in case.outputs:
        kind, _, name = output.rpartition("=")
        command += ["-o", f"{kind}={folder / name}" if kind else str(folder / name)]
    return [*command, *case.options, "--progress", "json"]


def _samples(command: list[str]) -> Iterator[tuple[int, float]]:
    """(frames done, resident MiB) five times a second while the job runs."""
    import psutil

    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, bufsize=1
    )
    done = [0]
    tail: list[str] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            tail.append(line)
            if line.startswith("{"):
                done[0] = int(json.loads(line).get("frame", done[0]))

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            yield done[0], watched.memory_info().rss / 2**20
        except psutil.NoSuchProcess:
            break
        listener.join(0.2)
    process.wait()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit {process.returncode}\n{''.join(tail[-5:])}")


def measure(case: Case, folder: Path) -> dict[str, Any]:
    """Run one case and return its row."""
    clip = scaled_sample(folder, case.width, case.height, case.frames, case.pixel_format)
    samples = list(_samples(_job(case, clip, folder)))
    peak = max(memory for _, memory in samples)
    row: dict[str, Any] = {
        "case": case.name,
        "frames": case.frames,
        "peak_mib": round(peak, 1),
        "limit_mib": case.limit_mib,
        "reached": peak <= case.limit_mib,
    }
    if case.frames >= 2000:
        early = [memory for frame, memory in samples if 150 <= frame <= 250]
        late = [memory for frame, memory in samples if frame >= case.frames - 100]
        growth = max(late) - max(early)
        row |= {"growth_mib": round(growth, 1), "growth_limit_mib": GROWTH_LIMIT_MIB}
        row["reached"] = row["reached"] and growth <= GROWTH_LIMIT_MIB
    return row


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks memory", description=__doc__)
    parser.add_argument("--case", help="only cases whose name contains this")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = []
    for case in CASES:
        if options.case and options.case not in case.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(case, Path(folder)))
        print(json.dumps(rows[-1]))
    write_result(options.json, "memory", rows)
    return 0
