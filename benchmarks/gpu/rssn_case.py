"""Training samples a second on a GPU, and their share of a training step.

``python -m benchmarks rssn --device cuda --json FILE``. Pictures, decisions and batch are those of
``python -m benchmarks rssn``. ``resident``: pictures lie on the GPU. ``host``: they lie in host
memory, decoded, and what the crops need goes up with every batch, as in `streammat train`. The
first batches are compared with the CPU's before anything is timed. With PyTorch the batch becomes
its tensors and is held against an optimiser step of GFM's published training.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu.timing import REPEATS, gpu_ms, gpu_state
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


def rate_row(name: str, denoise: bool, spread: Spread, batch: int) -> dict[str, Any]:
    """A row of milliseconds a batch."""
    rate = batch * 1e3 / spread.median
    print(f"{name}, denoise {denoise}: {rate:.0f} samples/s", flush=True)
    return {
        "case": name,
        "denoise": denoise,
        "ms": spread,
        "samples_a_second": rate,
        "reached": rate >= WANTED_SAMPLES_A_SECOND,
    }


def share_row(precision: str, step: Spread, batch: Spread) -> dict[str, Any]:
    """A row of what a batch adds to a training step."""
    share = batch.median / step.median
    print(f"training step, {precision}: {step.median:.1f} ms, samples {share:.1%}", flush=True)
    case = f"training step, {precision}"
    reached = share < WANTED_SHARE
    return {"case": case, "ms": step, "batch_ms": batch, "share": share, "reached": reached}


def run(batch: int, json_path: Path | None) -> int:
    """Compare, measure, write; 0 when all that is wanted was reached.

    Raises:
        DependencyError: no CuPy.
        DeviceUnavailable: no GPU.
    """
    facts: dict[str, Any] = {**Cuda().facts, "input_sha256": input_hash(), "repeats": REPEATS}
    import cupy

    from streammat_kernels.staging import CupyStaging

    stream = cupy.cuda.Stream(non_blocking=True)
    stage = RssnStage(CupyStaging(stream))
    others = max(
        differing(cupy.asarray, cupy.asnumpy, CHECKED),
        differing_staged(stage, stream.synchronize, cupy.asnumpy, CHECKED),
    )
    given, host, rows = inputs(batch, cupy.asarray), inputs(batch), []
    cupy.cuda.Device().synchronize()
    facts["differing_by_one_level"] = others
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for denoise in (False, True):
            chosen = plans(batch, denoise)
            ways: dict[str, Callable[[], object]] = {
                "resident": partial(rssn_batch, *given, chosen, CROP_PX),
                "host": partial(stage.batch, *host, chosen, CROP_PX, pool=pool),
            }
            for name, work in ways.items():
                with stream:
                    spread = gpu_ms(work, stream, warm_ups=3, seconds=0.5)
                rows.append(rate_row(name, denoise, spread, batch))
                write_result(json_path, "gpu rssn", rows, **facts, clocks=gpu_state())
        if find_spec("torch") is not None:
            rows += step_rows(batch, pool)
            write_result(json_path, "gpu rssn", rows, **facts, clocks=gpu_state())
    return 0 if all(row["reached"] for row in rows) else 1


def step_rows(batch: int, pool: ThreadPoolExecutor) -> list[dict[str, Any]]:
    """Tensors of a batch on PyTorch's stream, beside a training step in each precision."""
    import torch

    from benchmarks.gpu.timing import torch_ms
    from benchmarks.rssn_step import step_ms
    from streammat.training.rssn.device import stage_on
    from streammat.training.rssn.tensors import tensors_of

    if not torch.cuda.is_available():
        return []
    stage = stage_on(torch.device("cuda"), print)
    assert stage is not None, "CuPy was there before"
    host, chosen = inputs(batch), plans(batch, True)

    def made() -> Any:
        return tensors_of(stage.batch(*host, chosen, CROP_PX, pool=pool), ("drawn",) * batch)

    spread = torch_ms(made)
    rows = [rate_row("host, to tensors", True, spread, batch)]
    return rows + [share_row(name, step_ms(made(), name), spread) for name in PRECISIONS]


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of this case alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.rssn_case")
    parser.add_argument("--json", type=Path)
    return run(BATCH, parser.parse_args(arguments).json)


if __name__ == "__main__":
    raise SystemExit(main())
