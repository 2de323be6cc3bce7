"""The default model's engine by both ways, TensorRT's parser and Torch-TensorRT, side by side.

``python -m benchmarks.gpu.via_torch_case --frames frames.npz --json FILE``; the reference is an
FP32 engine without TF32. **Not yet run on a GPU.**
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.case import SHIPPED, frames_of
from benchmarks.gpu.cases import DEFAULT, Case
from benchmarks.gpu.engine_case import accuracy_of, built_here, opened, request_of, timed
from benchmarks.gpu.fp32_engine import fp32_engine
from benchmarks.record import write_result
from streammat_engines.tensorrt.api import load_api
from streammat_engines.tensorrt.via_torch import build_with_torch, torch_tensorrt_version

CASE = Case(DEFAULT, 960, 544, batches=(1, 8), torch=False)


def way_rows(via: Any, backend: str, frames: NDArray[np.float32]) -> list[dict[str, Any]]:
    """Build seconds, accuracy and milliseconds by batch of one dynamic engine."""
    api = load_api(backend)
    request = request_of(CASE, SHIPPED, api, via=via)
    if via == "torch":
        maker = torch_tensorrt_version(api.backend)
        built = build_with_torch(request, api, gpu_present=True)
    else:
        built, maker = built_here(request, api)[0], api.name
    reference = fp32_engine(SHIPPED, CASE, backend)
    facts = {"via": via, "maker": maker, "build_seconds": round(built.seconds, 2)}
    with closing(opened(request, built, api, graphs=True)) as engine:
        accuracy = accuracy_of(engine, reference, frames, CASE)
        rows = [timed(engine, batch, CASE, graphs=True) for batch in CASE.batches]
    return [{**facts, **row, "faults": accuracy["faults"], "accuracy": accuracy} for row in rows]


def main(arguments: Sequence[str] | None = None) -> int:
    """Both ways; 0 when both are within the limits."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.via_torch_case")
    parser.add_argument("--frames", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--backend", default="tensorrt-rtx", choices=["tensorrt", "tensorrt-rtx"])
    args = parser.parse_args(arguments)
    frames, rows = frames_of(args.frames, CASE), list[dict[str, Any]]()
    for via in ("onnx", "torch"):
        rows += way_rows(via, args.backend, frames)
        write_result(args.json, "gpu via torch", rows)
        print(rows[-1], flush=True)
    return 0 if not any(row["faults"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
