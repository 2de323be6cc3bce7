"""One case in this process: networks, PyTorch, engine; one JSON, rewritten after each part."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.cases import DEFAULT, SINGLE, TARGET, TARGETS, Case, find_case
from benchmarks.gpu.timing import gpu_state, matrix_rate
from benchmarks.gpu.watch import watch
from benchmarks.record import ROOT, write_result

SHIPPED = ROOT / "streammat" / "weights" / f"{DEFAULT}.onnx"


def frames_of(path: Path, case: Case) -> NDArray[np.float32]:
    """The packed frames at the case's size: (N, 3, H, W) float32 0..255."""
    import torch

    frames = np.load(path)["frames"].astype(np.float32).transpose(0, 3, 1, 2)
    scaled = torch.nn.functional.interpolate(
        torch.from_numpy(np.ascontiguousarray(frames)),
        (case.height, case.width),
        mode="bilinear",
        antialias=True,
    )
    return scaled.numpy()


def run_case(case: Case, backend: str, frames: Path, out: Path, work: Path) -> bool:
    """Measure; whether every part succeeded."""
    watch()  # it takes a moment to begin
    facts: dict[str, Any] = {"case": case.name, "gpu_before": gpu_state(), "failed": {}}
    rows: list[dict[str, Any]] = []

    def part(name: str, act: Any) -> Any:
        try:
            return act()
        except Exception as error:  # whatever fails, the other parts still count
            traceback.print_exc()
            facts["failed"][name] = " ".join(f"{type(error).__name__}: {error}".split())[:500]
            return None
        finally:
            facts["gpu_after"] = gpu_state()
            write_result(out, "gpu", rows, **facts)

    from benchmarks.gpu.engine_case import engine_rows, single_rows
    from benchmarks.gpu.networks import exported, seeded_network
    from benchmarks.gpu.torch_case import gflop_a_picture, torch_rows

    facts["matrix_tflops"] = part("matrix rate", matrix_rate)
    pictures = frames_of(frames, case)
    model = part(
        "network", lambda: seeded_network(case.network, pictures[:1, :, :256, :256].copy())
    )
    onnx = (
        part("export", lambda: exported(model, case.network, work)) if model is not None else None
    )
    ways = {"engine": engine_rows} | ({SINGLE: single_rows} if _is_target(case) else {})
    for name, way in ways.items():
        if onnx is None:
            break
        measure = partial(_engine, way, case, onnx, backend, model, pictures)
        if (found := part(name, measure)) is not None:
            rows += found.pop("rows")
            facts[name] = found
    if case.network == DEFAULT:
        facts["shipped_weights"] = part(
            "shipped weights", lambda: _shipped_accuracy(case, backend, pictures)
        )
    if case.torch and model is not None:

        def keep(row: dict[str, Any]) -> None:
            rows.append(row)
            write_result(out, "gpu", rows, **facts)

        facts["gflop_a_picture"] = part("gflop", lambda: gflop_a_picture(model, case))
        part("torch", lambda: torch_rows(model, case, keep))
    facts["reached"] = reached(case, rows, facts)
    write_result(out, "gpu", rows, targets=TARGETS, **facts)
    return not facts["failed"]


def _is_target(case: Case) -> bool:
    return (case.network, case.width, case.height) == TARGET


def _engine(
    way: Any, case: Case, onnx: Path, backend: str, model: Any, pictures: NDArray[np.float32]
) -> dict[str, Any]:
    from benchmarks.gpu.torch_case import fp32_reference

    found: dict[str, Any] = way(case, onnx, backend, fp32_reference(model), pictures)
    return found


def _shipped_accuracy(case: Case, backend: str, pictures: NDArray[np.float32]) -> dict[str, Any]:
    """The default model's own weights: FP16 engine against its FP32 engine."""
    from benchmarks.gpu.engine_case import engine_rows
    from benchmarks.gpu.fp32_engine import fp32_engine

    few = Case(case.network, case.width, case.height, batches=(1,), torch=False)
    found = engine_rows(few, SHIPPED, backend, fp32_engine(SHIPPED, few, backend), pictures)
    return {"accuracy": found["accuracy"], "build_seconds": found["build_seconds"]}


def reached(case: Case, rows: Sequence[dict[str, Any]], facts: dict[str, Any]) -> dict[str, Any]:
    """Which targets the case reaches; accuracy alone unless it is the one they are set for.

    Args:
        rows: of this case.
        facts: the figures behind the answers are added.
    """
    median = {(r["name"], r["batch"]): r["time"].median for r in rows if "time" in r}
    proofs = [facts[name]["accuracy"] for name in ("engine", SINGLE) if name in facts]
    proofs += [row["accuracy"] for row in rows if "accuracy" in row]
    result: dict[str, Any] = {}
    if proofs:
        result["accuracy"] = not any(proof["faults"] for proof in proofs)
    if not _is_target(case):
        return result
    graph = "engine, CUDA graph"
    singles = [median[key] for key in ((graph, 1), (f"{SINGLE}, CUDA graph", 1)) if key in median]
    if singles:
        facts["ms"] = min(singles)
        result["ms"] = facts["ms"] <= TARGETS["ms_at_most"]
        if ("torch eager FP16", 1) in median:
            facts["times_eager"] = median["torch eager FP16", 1] / facts["ms"]
            result["times_eager"] = facts["times_eager"] >= TARGETS["times_eager_at_least"]
    if (graph, 8) in median and facts.get("gflop_a_picture") and facts.get("matrix_tflops"):
        tflops = 8 * facts["gflop_a_picture"] / median[graph, 8]  # GFLOP a ms
        share = tflops / facts["matrix_tflops"]
        result["matrix_rate_share"] = share >= TARGETS["matrix_rate_share_at_least"]
        facts["matrix_rate_share"] = share
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one case."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gpu case")
    parser.add_argument("name")
    parser.add_argument("--backend", default="tensorrt-rtx")
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("/tmp/streammat_gpu/work"))
    args = parser.parse_args(arguments)
    case = find_case(args.name)
    return 0 if run_case(case, args.backend, args.frames, args.out, args.work) else 1
