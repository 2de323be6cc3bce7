"""All cases in order, each in a process of its own; a result is on disk as soon as it is there."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.gpu.cases import Case, all_cases
from benchmarks.gpu.stage import EXIT_INCOMPLETE

CUT_OFF = "cut off"  # by the end of the time for everything; begun anew by the next call
NO_TIME = "no time"
HOME = Path("/tmp/streammat_gpu")


def run_one(case: Case, args: argparse.Namespace, limit_seconds: float) -> str:
    """Run a case; how it ended, in a word."""
    out, cut = (args.out / f"{case.name}{end}" for end in (".json", ".partial.json"))
    command = [sys.executable, "-m", "benchmarks", "gpu", "case", case.name]
    command += ["--backend", args.backend, "--frames", str(args.frames), "--out", str(out)]
    command += ["--work", str(args.work)]
    try:
        code = subprocess.run(command, timeout=limit_seconds, check=False).returncode
    except subprocess.TimeoutExpired:
        if limit_seconds >= case.limit_seconds:
            cut.unlink(missing_ok=True)
            return "over its time limit"
        if out.exists():  # under its name it would pass for done
            out.replace(cut)
        return CUT_OFF
    cut.unlink(missing_ok=True)
    return "done" if code == 0 else f"failed ({code})"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what time allows; 0 when all cases are done, 3 while some have had no time."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gpu run")
    parser.add_argument("--out", type=Path, default=Path("out/gpu"))
    parser.add_argument("--only", action="append", default=[], help="a case; repeatable")
    parser.add_argument("--backend", default="tensorrt-rtx", choices=["tensorrt", "tensorrt-rtx"])
    parser.add_argument("--frames", type=Path, default=HOME / "frames.npz")
    parser.add_argument("--work", type=Path, default=HOME / "work")
    parser.add_argument("--seconds", type=float, default=540, help="for everything")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_args(arguments)
    cases = [case for case in all_cases() if not args.only or case.name in args.only]
    if args.list:
        print("\n".join(case.name for case in cases))
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    ends, stop = {}, time.monotonic() + args.seconds
    for case in cases:
        left = stop - time.monotonic()
        if (args.out / f"{case.name}.json").exists():
            ends[case.name] = "done before"
        else:
            ends[case.name] = (
                run_one(case, args, min(left, case.limit_seconds)) if left > 0 else NO_TIME
            )
        print(f"{case.name}: {ends[case.name]}", flush=True)
        (args.out / "summary.json").write_text(json.dumps(ends, indent=1) + "\n")
    if {CUT_OFF, NO_TIME} & set(ends.values()):
        return EXIT_INCOMPLETE
    return 0 if all(end.startswith("done") for end in ends.values()) else 1
