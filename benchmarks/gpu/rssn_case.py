"""Training samples a second on a GPU, and their share of a training step.

``python -m benchmarks rssn --device cuda --json FILE``. Pictures, decisions and batch are those of
``python -m benchmarks rssn``. ``resident``: pictures lie on the GPU. ``host``: they lie in host
memory, decoded, and what the crops need goes up with every batch, as in `streammat train`. The
first batches are compared with the CPU's before anything is timed. With PyTorch and what training
needs the batch becomes its tensors and is held against an optimiser step of GFM's published one.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.timing import REPEATS, gpu_state, measured, torch_measured
from benchmarks.gpu.watch import watch
from benchmarks.kernels.cuda import Cuda
from benchmarks.record import Spread, write_result
from benchmarks.rssn_samples import CROP_PX, input_hash, inputs, plans
from streammat_kernels.augment import rssn_batch
from streammat_kernels.augment.staged import RssnStage

BATCH = 32
CHECKED = 6
WANTED_SAMPLES_A_SECOND = 5000.0
WANTED_SHARE = 0.15  # of a training step
PRECISIONS = ("fp32", "bf16")
STEP_NEEDS = ("torch", "cv2", "onnx", "safetensors", "av")  # of `streammat.training`
LEVELS = 1
Back = Callable[[Any], Any]


def differing(move: Callable[[Any], Any], back: Back, count: int) -> float:
    """Share of samples that differ from the CPU's by a level, of pictures that lie there.

    Raises:
        AssertionError: they differ by more.
    """
    chosen = plans(count, True)
    return _compared(rssn_batch(*inputs(count, move), chosen, CROP_PX), back, count)


def differing_staged(stage: RssnStage, wait: Callable[[], object], back: Back, count: int) -> float:
    """The same of pictures that come from host memory; ``wait`` until the GPU is through."""
    found = stage.batch(*inputs(count), plans(count, True), CROP_PX)
    wait()
    return _compared(found, back, count)


def _compared(found: Any, back: Back, count: int) -> float:
    wanted = rssn_batch(*inputs(count), plans(count, True), CROP_PX)
    worst, others = 0, 0.0
    for got, want in zip(found, wanted, strict=True):
        off = np.abs(back(got).astype(np.int16) - want)
        worst, others = max(worst, int(off.max())), max(others, float((off > 0).mean()))
    assert worst <= LEVELS, f"GPU and CPU differ by {worst} levels"
    return others


def rate_row(name: str, denoise: bool, found: dict[str, Any], batch: int) -> dict[str, Any]:
    """A row of milliseconds a batch; ``found`` is of `timing.measured`."""
    rate = batch * 1e3 / found["time"].median
    print(f"{name}, denoise {denoise}: {rate:.0f} samples/s", flush=True)
    return {
        "case": name,
        "denoise": denoise,
        "ms": found["time"],
        "gpu": found["gpu"],
        "samples_a_second": rate,
        "reached": rate >= WANTED_SAMPLES_A_SECOND,
    }


def share_row(precision: str, found: dict[str, Any], batch: Spread) -> dict[str, Any]:
    """A row of what a batch adds to a training step; ``found`` as of `timing.measured`."""
    step: Spread = found["time"]
    share = batch.median / step.median
    print(f"training step, {precision}: {step.median:.1f} ms, samples {share:.1%}", flush=True)
    return {
        "case": f"training step, {precision}",
        "ms": step,
        "gpu": found["gpu"],
        "batch_ms": batch,
        "share": share,
        "reached": share < WANTED_SHARE,
    }


def run(batch: int, json_path: Path | None) -> int:
    """Compare, measure, write; 0 when all that is wanted was reached.

    Raises:
        DependencyError: no CuPy.
        DeviceUnavailable: no GPU.
    """
    facts: dict[str, Any] = {**Cuda().facts, "input_sha256": input_hash(), "repeats": REPEATS}
    import cupy

    from streammat_kernels.staging import CupyStaging

    watch()  # it takes a moment to begin
    stream = cupy.cuda.Stream(non_blocking=True)
    stage = RssnStage(CupyStaging(stream))
    facts["differing_by_one_level"] = max(
        differing(cupy.asarray, cupy.asnumpy, CHECKED),
        differing_staged(stage, stream.synchronize, cupy.asnumpy, CHECKED),
    )
    missing = [name for name in STEP_NEEDS if find_spec(name) is None]
    facts["training_step"] = f"left out: no {', '.join(missing)}" if missing else "measured"
    rows: list[dict[str, Any]] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        steps = () if missing else step_rows(batch, pool)
        for row in chain(batch_rows(stage, stream, batch, pool), steps):
            rows.append(row)
            write_result(json_path, "gpu rssn", rows, **facts, clocks=gpu_state())
    return 0 if all(row["reached"] for row in rows) else 1


def batch_rows(
    stage: RssnStage, stream: Any, batch: int, pool: ThreadPoolExecutor
) -> Iterator[dict[str, Any]]:
    """Batches from both places, with and without denoising."""
    import cupy

    given, host = inputs(batch, cupy.asarray), inputs(batch)
    cupy.cuda.Device().synchronize()
    for denoise in (False, True):
        chosen = plans(batch, denoise)
        ways: dict[str, Callable[[], object]] = {
            "resident": partial(rssn_batch, *given, chosen, CROP_PX),
            "host": partial(stage.batch, *host, chosen, CROP_PX, pool=pool),
        }
        for name, work in ways.items():
            with stream:
                found = measured(work, stream, warm_ups=3, seconds=0.5)
            yield rate_row(name, denoise, found, batch)


def step_rows(batch: int, pool: ThreadPoolExecutor) -> Iterator[dict[str, Any]]:
    """Tensors of a batch on PyTorch's stream, beside a training step in each precision."""
    import torch

    from streammat.training.rssn.device import stage_on
    from streammat.training.rssn.tensors import tensors_of

    if not torch.cuda.is_available():
        return
    stage = stage_on(torch.device("cuda"), print)
    assert stage is not None, "CuPy was there before"
    host, chosen = inputs(batch), plans(batch, True)

    def made() -> Any:
        return tensors_of(stage.batch(*host, chosen, CROP_PX, pool=pool), ("drawn",) * batch)

    found = torch_measured(made)
    yield rate_row("host, to tensors", True, found, batch)
    for precision in PRECISIONS:
        yield share_row(precision, measured_step(made(), precision), found["time"])


def measured_step(batch: Any, precision: str, **more: Any) -> dict[str, Any]:
    """`rssn_step.step_ms`, and what the clocks did while the steps ran that count."""
    from benchmarks.rssn_step import step_ms

    begun: list[float] = []
    spread = step_ms(batch, precision, begin=lambda: begun.append(time.monotonic()), **more)
    return {"time": spread, "gpu": watch().between(begun[0], time.monotonic())}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of this case alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.rssn_case")
    parser.add_argument("--json", type=Path)
    return run(BATCH, parser.parse_args(arguments).json)


if __name__ == "__main__":
    raise SystemExit(main())
