"""The default network against RVM's own, under the same OpenVINO, interleaved.

``python -m benchmarks net [--json FILE] [--rvm-onnx FILE]``. CPU-ms a frame is process CPU time
with one inference thread (robust against other programs), wall is with two threads. RVM's network
is not part of this project: export its MobileNetV3 variant (downsample_ratio 1, recurrent states
as inputs, fixed shapes for 512x288) and name the file. Weights do not matter for the time.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from streammat_engines.openvino_module import load_openvino, openvino_core

from .record import LoadMeter, Spread, write_result

SIZE = (288, 512)  # H, W
MODEL = Path(__file__).resolve().parent.parent / "streammat" / "weights" / "gfm_lite0_tt.onnx"
CPU_MS_LIMIT = 76.0
RATIO_LIMIT = 1.6
WARMUP = 3
Work = Callable[[], object]


def _inputs(model: Any) -> dict[str, Any]:
    """Fixed random inputs for a model of fixed shapes; RGB is 0..255, the rest 0..1."""
    rng = np.random.default_rng(0)
    values = {}
    for port in model.inputs:
        name = port.any_name
        scale = np.float32(255 if name == "rgb" else 1)
        values[name] = rng.random(tuple(port.shape), np.float32) * scale
    return values


def _fixed(model: Any, height: int, width: int) -> Any:
    """Our graph with its matrices baked in for one size."""
    from streammat_engines.psp import psp_matrices

    matrices = psp_matrices(height, width)
    model.reshape(
        {"rgb": [1, 3, height, width], **{name: list(m.shape) for name, m in matrices.items()}}
    )
    for name, matrix in matrices.items():
        parameter = next(p for p in model.get_parameters() if p.friendly_name == name)
        for target in parameter.output(0).get_target_inputs():
            target.replace_source_output(load_openvino().opset13.constant(matrix).output(0))
        model.remove_parameter(parameter)
    model.validate_nodes_and_infer_types()
    return model


def prepare(path: Path, threads: int, ours: bool) -> Work:
    """Compile a network and return a call that infers one frame."""
    core = openvino_core()
    model = core.read_model(path)
    if ours:
        model = _fixed(model, *SIZE)
    hints = {
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    request = core.compile_model(model, "CPU", hints).create_infer_request()
    inputs = _inputs(model)
    return lambda: request.infer(inputs)


def interleave(
    works: Sequence[Work], repeats: int, clock: Callable[[], float]
) -> list[list[float]]:
    """Milliseconds of every work, the works taking turns, so that all meet the same machine."""
    times: list[list[float]] = [[] for _ in works]
    for turn in range(WARMUP + repeats):
        for work, series in zip(works, times, strict=True):
            start = clock()
            work()
            if turn >= WARMUP:
                series.append((clock() - start) * 1e3)
    return times


def measure(rvm: Path | None, repeats: int) -> list[dict[str, Any]]:
    """One row a network and kind of time; with RVM also the ratio, turn by turn."""
    paths = [("gfm_lite0_tt", MODEL, True)]
    if rvm is not None:
        paths.append(("rvm_mobilenetv3", rvm, False))
    rows: list[dict[str, Any]] = []
    for kind, threads, clock in (
        ("cpu_ms", 1, time.process_time),
        ("wall_ms", 2, time.perf_counter),
    ):
        works = [prepare(path, threads, ours) for _, path, ours in paths]
        with LoadMeter() as meter:
            times = interleave(works, repeats, clock)
        for (name, _, _), series in zip(paths, times, strict=True):
            rows.append({"name": name, "kind": kind, "threads": threads, "time": Spread.of(series)})
        if rvm is not None:
            ratios = [theirs / own for own, theirs in zip(*times, strict=True)]
            rows.append({"name": "rvm / gfm_lite0_tt", "kind": kind, "ratio": Spread.of(ratios)})
        rows[-1]["load"] = meter.load
    return rows


def reached(rows: Sequence[dict[str, Any]]) -> dict[str, bool]:
    """Whether the two targets are met; the ratio only when RVM was measured."""
    cpu = [row for row in rows if row["kind"] == "cpu_ms"]
    found = {"cpu_ms": cpu[0]["time"].median <= CPU_MS_LIMIT}
    for row in cpu:
        if "ratio" in row:
            found["ratio"] = row["ratio"].median >= RATIO_LIMIT
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print one line a row, store JSON when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks net")
    parser.add_argument("--json", type=Path, help="store the record here")
    parser.add_argument("--rvm-onnx", type=Path, help="RVM MobileNetV3, fixed for 512x288")
    parser.add_argument("--repeats", type=int, default=40)
    args = parser.parse_args(arguments)
    rows = measure(args.rvm_onnx, args.repeats)
    for row in rows:
        spread = row.get("time") or row["ratio"]
        print(f"{row['name']:<20} {row['kind']:<8} {spread.median:7.2f} (IQR {spread.iqr:.2f})")
    targets = {"cpu_ms_at_most": CPU_MS_LIMIT, "ratio_at_least": RATIO_LIMIT}
    result = reached(rows)
    write_result(args.json, "net", rows, size="512x288", targets=targets, reached=result)
    print("reached:", result)
    return 0 if all(result.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())
