"""What TensorRT-RTX does on this GPU: each choice of targets built, loaded, run, captured, timed.

``python -m benchmarks.gpu.rtx_probe --json FILE``. A minute that says at once which plans a GPU
takes that the release does not name, and in TensorRT's own words why not. Each choice has a process
of its own, as a GPU that is not known may end one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gpu.case import SHIPPED
from benchmarks.gpu.cases import DEFAULT, Case
from benchmarks.gpu.engine_case import built_here, opened, request_of, timed
from benchmarks.record import write_result
from streammat_engines.tensorrt.api import Api, load_api
from streammat_engines.tensorrt.gpu import find_gpu

CASE = Case(DEFAULT, 512, 288, batches=(1,), torch=False)
PORTABLE = ("SM80", "SM86", "SM89", "SM120")
CHOICE_SECONDS = 30
CHOICES = (("CURRENT",), ("ANY",), PORTABLE, *((name,) for name in PORTABLE))


@dataclass(frozen=True, slots=True)
class _Chosen(Api):
    """An API that builds for these targets and no others."""

    names: tuple[str, ...] = ()

    def targets(self, gpu_present: bool) -> tuple[str, ...]:
        """See `Api.targets`."""
        del gpu_present
        return self.names

    def other_targets(self, gpu_present: bool) -> tuple[tuple[str, ...], ...]:
        """None."""
        del gpu_present
        return ()


def _forget(row: dict[str, Any]) -> None:
    del row


def probe(
    api: Api, names: tuple[str, ...], keep: Callable[[dict[str, Any]], None] = _forget
) -> dict[str, Any]:
    """One row: how far a plan for these targets gets, and the reason where it gets no further.

    ``keep`` gets the row at every step, as the next one may not come back.
    """
    chosen = _Chosen(api.backend, api.trt, api.version, names)
    row: dict[str, Any] = {"targets": "+".join(names), "reached": "nothing", "release": api.name}
    try:
        request = request_of(CASE, SHIPPED, chosen)
        built, _ = built_here(request, chosen)
        row |= {"reached": "built", "build_seconds": round(built.seconds, 2)}
        keep(row)
        with closing(opened(request, built, chosen, graphs=True)) as engine:
            row["reached"] = "loaded"
            keep(row)
            row |= timed(engine, 1, CASE, graphs=True)
            row |= {"reached": "run", "graph_refusal": engine.graph_refusal}
    except Exception as error:  # whatever this choice meets, the next one may not
        row["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:600]
    return row


def apart(names: tuple[str, ...]) -> dict[str, Any]:
    """`probe` in a process of its own, whatever becomes of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "row.json"
        command = [sys.executable, "-m", "benchmarks.gpu.rtx_probe", "--json", str(path)]
        try:
            done = subprocess.run(
                [*command, "--targets", "+".join(names)], check=False, timeout=CHOICE_SECONDS
            )
            end = f"ended with {done.returncode}"
        except subprocess.TimeoutExpired:
            end = f"took more than {CHOICE_SECONDS} s"
        if path.exists():
            row: dict[str, Any] = json.loads(path.read_text())["rows"][0]
            return row if row["reached"] == "run" or "error" in row else row | {"error": end}
    return {"targets": "+".join(names), "reached": "nothing", "error": end}


def main(arguments: Sequence[str] | None = None) -> int:
    """All choices, or the one that is named, in this process; 0 when one of them runs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.rtx_probe")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--targets", help="one choice only, e.g. CURRENT or SM80+SM86")
    args = parser.parse_args(arguments)
    gpu = find_gpu()
    facts = {"gpu": gpu.name if gpu else "", "sm": gpu.sm if gpu else ""}
    rows: list[dict[str, Any]] = []

    def keep(row: dict[str, Any]) -> None:
        write_result(args.json, "gpu rtx probe", [row], **facts)

    for names in CHOICES if args.targets is None else [tuple(args.targets.split("+"))]:
        if args.targets is None:
            rows.append(apart(names))
        else:
            rows.append(probe(load_api("tensorrt-rtx"), names, keep))
        write_result(args.json, "gpu rtx probe", rows, **facts)
        print(rows[-1], flush=True)
    return 0 if any(row["reached"] == "run" for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
