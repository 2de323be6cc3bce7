"""A released GFM network through OpenVINO against PyTorch eager, interleaved in one run.

``python -m benchmarks gfm [--json FILE] [--model gfm_r34_tt] [--threads 2] [--repeats 20]``. The
weights are random: they do not matter for the time. The network is exported as ``streammat models
import`` does it, and all sides get the same picture; their outputs are compared as well. OpenVINO
runs as ``streammat matte`` runs it for files, a picture a thread at the same time, and once more
with all threads on one picture, which is how PyTorch runs. A turn is one pass of each side, and
ratios are taken turn by turn, so that all meet the same machine. Wall time is what counts; CPU time
is told beside it, because other programs spoil it less.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .record import LoadMeter, Spread, write_result

SIZES = ((288, 512), (576, 1024))  # H, W
RATIO_LIMIT = 1.3
WARMUP = 2
Outputs = dict[str, NDArray[np.float32]]
Work = Callable[[], Outputs]


def _network(name: str) -> Any:
    """The PyTorch module with random weights; batch norms as after training."""
    import torch

    from streammat.models import create_model

    torch.manual_seed(0)
    model = create_model(name).eval()
    for key, value in model.named_buffers():
        if key.endswith("running_var"):
            value.uniform_(0.5, 1.5)
    return model


def _torch_work(model: Any, rgb: NDArray[np.float32]) -> Work:
    import torch

    def work() -> Outputs:
        with torch.inference_mode():
            output = model(torch.from_numpy(rgb))
        return {"glance": output.glance.numpy(), "focus": output.focus.numpy()}

    return work


def _openvino_work(path: Path, rgb: NDArray[np.float32], threads: int, requests: int) -> Work:
    """``requests`` passes at the same time."""
    from streammat_engines.openvino import OpenVinoEngine

    engine = OpenVinoEngine(path, (1, 3, *rgb.shape[2:]), requests=requests, threads=threads)
    specs = engine.manifest.outputs
    buffers = [{s.name: np.empty(s.shape, np.float32) for s in specs} for _ in range(requests)]

    def work() -> Outputs:
        tickets = [engine.submit({"rgb": rgb}, outputs) for outputs in buffers]
        for ticket in tickets:
            engine.wait(ticket)
        return buffers[0]

    return work


def _turns(sides: Sequence[tuple[Work, int]], repeats: int) -> list[list[tuple[float, float]]]:
    """(wall, CPU) milliseconds a picture of each (work, pictures), the sides taking turns."""
    times: list[list[tuple[float, float]]] = [[] for _ in sides]
    for turn in range(WARMUP + repeats):
        for (work, pictures), series in zip(sides, times, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            work()
            if turn >= WARMUP:
                took = time.perf_counter() - wall, time.process_time() - cpu
                series.append((took[0] / pictures * 1e3, took[1] / pictures * 1e3))
    return times


def _row(
    name: str, size: tuple[int, int], sides: Sequence[tuple[Work, int]], repeats: int
) -> dict[str, Any]:
    found, _, wanted = (work() for work, _ in sides)
    error = max(float(np.abs(found[key] - wanted[key]).max()) for key in wanted)
    with LoadMeter() as meter:
        times = _turns(sides, repeats)
    files, one, eager = times

    def against(own: Sequence[tuple[float, float]], kind: int) -> Spread:
        return Spread.of(
            [theirs[kind] / ours[kind] for ours, theirs in zip(own, eager, strict=True)]
        )

    ratio = against(files, 0)
    return {
        "name": name,
        "size": f"{size[1]}x{size[0]}",
        "openvino_ms": Spread.of([turn[0] for turn in files]),
        "openvino_one_ms": Spread.of([turn[0] for turn in one]),
        "torch_ms": Spread.of([turn[0] for turn in eager]),
        "ratio": ratio,
        "ratio_one": against(one, 0),
        "ratio_cpu": against(files, 1),
        "largest_difference": error,
        "load": meter.load,
        "valid": meter.load.valid,
        "reached": ratio.median >= RATIO_LIMIT,
    }


def measure(name: str, threads: int, repeats: int) -> list[dict[str, Any]]:
    """One row a size."""
    import torch

    from streammat.models.export import export_onnx

    torch.set_num_threads(threads)
    model = _network(name)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.onnx"
        export_onnx(model, path, half=False)
        for height, width in SIZES:
            rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, height, width))
            given = rgb.astype(np.float32)
            sides = (
                (_openvino_work(path, given, threads, threads), threads),
                (_openvino_work(path, given, threads, 1), 1),
                (_torch_work(model, given), 1),
            )
            rows.append(_row(name, (height, width), sides, repeats))
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print one line a size, store JSON when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks gfm")
    parser.add_argument("--json", type=Path, help="store the record here")
    parser.add_argument("--model", default="gfm_r34_tt")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=20)
    args = parser.parse_args(arguments)
    rows = measure(args.model, args.threads, args.repeats)
    for row in rows:
        print(
            f"{row['name']} {row['size']:>9}: openvino {row['openvino_ms'].median:.0f} ms a frame "
            f"(one at a time {row['openvino_one_ms'].median:.0f}), torch "
            f"{row['torch_ms'].median:.0f} ms; ratio {row['ratio'].median:.2f} (one at a time "
            f"{row['ratio_one'].median:.2f}, CPU {row['ratio_cpu'].median:.2f}); outputs differ by "
            f"{row['largest_difference']:.1e}"
            + ("" if row["valid"] else "; others used the machine")
        )
    targets = {"ratio_at_least": RATIO_LIMIT}
    write_result(args.json, "gfm", rows, threads=args.threads, targets=targets)
    return 0 if all(row["reached"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main())
