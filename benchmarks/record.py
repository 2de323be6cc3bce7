"""One JSON form for every benchmark: machine, versions, commit, rows with median and spread."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    *("numpy", "numba", "av", "openvino", "opencv-python-headless", "onnxruntime", "torch"),
    *("cupy-cuda13x", "cupy-cuda12x"),
)
FOREIGN_CPU_LIMIT = 0.10  # above this share of the machine, other programs spoil the figure


@dataclass(frozen=True, slots=True)
class Spread:
    """Median and inter-quartile range of repeated measurements, in the unit of the measurement."""

    median: float
    iqr: float
    minimum: float
    repeats: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Summarise at least one value."""
        ordered = sorted(values)
        if len(ordered) < 4:
            return cls(
                statistics.median(ordered), ordered[-1] - ordered[0], ordered[0], len(ordered)
            )
        quarters = statistics.quantiles(ordered, n=4)
        return cls(statistics.median(ordered), quarters[2] - quarters[0], ordered[0], len(ordered))


@dataclass(frozen=True, slots=True)
class Load:
    """What a measured stretch cost: wall and own CPU seconds, and the share others took."""

    wall_seconds: float
    cpu_seconds: float
    foreign_cpu_share: float

    @property
    def valid(self) -> bool:
        """Other programs took at most a tenth of the machine."""
        return self.foreign_cpu_share <= FOREIGN_CPU_LIMIT


class LoadMeter:
    """Context manager that tells own CPU time from that of other programs (children are own)."""

    load: Load

    def __enter__(self) -> LoadMeter:
        self._wall = time.perf_counter()
        self._own = _own_cpu_seconds()
        self._busy = _machine_busy_seconds()
        return self

    def __exit__(self, *_: object) -> None:
        wall = time.perf_counter() - self._wall
        own = _own_cpu_seconds() - self._own
        foreign = max(0.0, _machine_busy_seconds() - self._busy - own)
        self.load = Load(wall, own, foreign / (wall * cores()))


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _own_cpu_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _machine_busy_seconds() -> float:
    import psutil

    times = psutil.cpu_times()
    return float(
        sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)
    )


def machine_record() -> dict[str, Any]:
    """Processor, cores, memory and system of this machine."""
    return {
        "processor": _processor_name(),
        "cores": cores(),
        "memory_gib": round(_memory_bytes() / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor_name() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def versions_record() -> dict[str, str]:
    """Versions of the packages that decide a figure, as installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit_record() -> str:
    """Short commit hash, with "+" when files were changed.

    Outside git what ``STREAMMAT_COMMIT`` says, else "unknown".
    """
    try:
        head = _git("rev-parse", "--short", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return os.environ.get("STREAMMAT_COMMIT", "unknown")


def _git(*words: str) -> str:
    return subprocess.run(
        ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


def write_result(
    path: str | Path | None,
    benchmark: str,
    rows: Sequence[Mapping[str, Any]],
    **facts: Any,
) -> dict[str, Any]:
    """Build the record of one benchmark and, when ``path`` is given, store it as JSON."""
    record = {
        "schema_version": SCHEMA_VERSION,
        "benchmark": benchmark,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine_record(),
        "versions": versions_record(),
        "commit": commit_record(),
        **facts,
        "rows": [_plain(row) for row in rows],
    }
    if path is not None:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(record, indent=1) + "\n")
    return record


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: asdict(value) if isinstance(value, Spread | Load) else value
        for key, value in row.items()
    }
