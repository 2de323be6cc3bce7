"""What a second glance costs on the CPU, and what a graph without concatenations saves.

``python -m benchmarks looks [--json FILE] [--repeats 40]``. The default network through its own
engine, one thread, CPU time; the three take turns, and ratios are taken turn by turn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from streammat.matting.sizes import network_size
from streammat_engines.openvino import OpenVinoEngine

from .net import MODEL, interleave
from .record import LoadMeter, Spread, write_result

SIZES = ("balanced", "best")
AS_EXPORTED, PLAIN, TWICE = "as exported", "one look", "second glance"


def prepared(kind: str, height: int, width: int) -> Callable[[], object]:
    """A call that computes one picture."""
    kept = patch("streammat_engines.openvino.split_concats") if kind == AS_EXPORTED else None
    with kept or nullcontext():
        engine = OpenVinoEngine(MODEL, (1, 3, height, width), second_glance=kind == TWICE)
    rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, height, width)).astype(np.float32)
    outputs = {spec.name: np.empty(spec.shape, np.float32) for spec in engine.manifest.outputs}
    return lambda: engine.run({"rgb": rgb}, outputs)


def measure(repeats: int) -> list[dict[str, Any]]:
    """One row a size and kind, with the ratio to one look."""
    rows: list[dict[str, Any]] = []
    kinds = (PLAIN, AS_EXPORTED, TWICE)
    for name in SIZES:
        size = network_size(16, 9, name)
        works = [prepared(kind, size.height, size.width) for kind in kinds]
        with LoadMeter() as meter:
            times = interleave(works, repeats, time.process_time)
        for kind, series in zip(kinds, times, strict=True):
            ratios = [took / own for took, own in zip(series, times[0], strict=True)]
            rows.append(
                {
                    "size": f"{name}, {size.width}x{size.height}",
                    "kind": kind,
                    "cpu_ms": Spread.of(series),
                    "to_one_look": Spread.of(ratios),
                    "load": meter.load,
                    "valid": meter.load.valid,
                }
            )
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print one line a row, store JSON when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks looks")
    parser.add_argument("--json", type=Path, help="store the record here")
    parser.add_argument("--repeats", type=int, default=40)
    args = parser.parse_args(arguments)
    rows = measure(args.repeats)
    for row in rows:
        print(
            f"{row['size']:<20} {row['kind']:<14} {row['cpu_ms'].median:7.1f} CPU-ms, "
            f"{row['to_one_look'].median:.2f} of one look"
            + ("" if row["valid"] else "; others used the machine")
        )
    write_result(args.json, "looks", rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
