"""Each kernel against a copy of the same bytes and against the best library.

``python -m benchmarks kernels [--device cpu|cuda] [--quick] [--only WORD] [--json FILE]``. Buffers
rotate over four times the last-level cache, in the copy too. Ratios are of wall times; when other
programs took more than a tenth of the machine, of this process's CPU times. ``--quick``: 1080p and
few repeats, within 45 seconds once kernels are compiled.
"""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..record import cores, write_result
from .trial import Backend, Size

__all__ = ["BACKENDS", "main"]

SIZES = (Size(720, 1280), Size(1080, 1920), Size(2160, 3840))
REPEATS, QUICK_REPEATS = 25, 5


def _cpu(threads: int) -> Backend:
    from .cpu import Cpu

    return Cpu(threads)


def _cuda(_: int) -> Backend:
    from .cuda import Cuda

    return Cuda()


# A backend is a class like ``cpu.Cpu``: name, cases, a copy, and how a step is timed.
BACKENDS: dict[str, Callable[[int], Backend]] = {"cpu": _cpu, "cuda": _cuda}


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks kernels", description=__doc__)
    parser.add_argument("--device", choices=sorted(BACKENDS), default="cpu")
    parser.add_argument("--quick", action="store_true", help="1080p only, few repeats")
    parser.add_argument("--only", default="", help="ops whose name holds this word")
    parser.add_argument("--threads", type=int, default=cores())
    parser.add_argument("--repeats", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    backend = BACKENDS[options.device](options.threads)
    repeats = options.repeats or (QUICK_REPEATS if options.quick else REPEATS)
    sizes = SIZES[1:2] if options.quick else SIZES
    from .pictures import input_hash

    facts: dict[str, Any] = getattr(backend, "facts", {})
    facts = {"input_sha256": input_hash(), "repeats": repeats, **facts}
    keep = partial(write_result, options.json, "kernels", **facts)
    return _run(backend, options.only, sizes, repeats, keep)


def _run(
    backend: Backend,
    only: str,
    sizes: Sequence[Size],
    repeats: int,
    keep: Callable[..., object],
) -> int:
    """Every case; each row is kept at once, and what fails is written down and passed over."""
    from .measure import measured

    cases = [case for case in backend.cases() if only in case.op]
    print(f"{'op':<34}{'size':>6}{'ms':>9}{'CPU ms':>9}{'GB/s':>7}{'of copy':>9}  best library")
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    for case in cases:
        try:
            for row in measured(backend, [case], sizes, repeats):
                rows.append(row)
                print(_line(row), flush=True)
                keep(rows, failed=failed)
        except Exception as error:
            traceback.print_exc()
            failed[case.op] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    keep(rows, failed=failed)
    return 1 if failed else 0


def _line(row: dict[str, Any]) -> str:
    times, best = row["times_best_library"], row["best_library"]
    rival = f"{times:5.2f} x {best}" if best else "-"
    kind = "exception" if "exception" in row else "NOT reached"
    verdict = "" if row.get("reached", True) else f"   {kind}: {row['wanted']}"
    return (
        f"{row['op']:<34}{row['size']:>6}{row['ms'].median:>9.3f}{row['cpu_ms'].median:>9.3f}"
        f"{row['gb_per_second']:>7.1f}{row['share_of_copy']:>9.0%}  {rival}{verdict}"
    )
