"""Training samples a second on a GPU: the kernels of `rssn_batch` over pictures that lie there.

``python -m benchmarks.gpu.rssn_case --json FILE``. Pictures, decisions and batch are those of
``python -m benchmarks rssn``. ``upload`` copies every picture there first, as a loader without a
cache on the GPU would. The first batch is compared with the CPU's before anything is timed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.record import Spread, write_result
from benchmarks.rssn import CROP_PX, LEVELS, PICTURES, pictures, plans
from streammat_kernels.augment import rssn_batch

BATCH = 32


def inputs(move: Callable[[Any], Any], count: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Foregrounds, backgrounds and alphas of a batch, moved there."""
    there = [[move(array) for array in pictures()[i]] for i in range(min(PICTURES, count))]
    chosen = [there[number % len(there)] for number in range(count)]
    fg, bg, alpha = zip(*chosen, strict=True)
    return list(fg), list(bg), list(alpha)


def differing(move: Callable[[Any], Any], back: Callable[[Any], Any], count: int) -> float:
    """Share of samples that differ from the CPU's by a level.

    Raises:
        AssertionError: they differ by more.
    """
    chosen, worst, others = plans(count, True), 0, 0.0
    found = rssn_batch(*inputs(move, count), chosen, CROP_PX)
    wanted = rssn_batch(*inputs(np.asarray, count), chosen, CROP_PX)
    for got, want in zip(found, wanted, strict=True):
        off = np.abs(back(got).astype(np.int16) - want)
        worst, others = max(worst, int(off.max())), max(others, float((off > 0).mean()))
    assert worst <= LEVELS, f"GPU and CPU differ by {worst} levels"
    return others


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, measure, write."""
    import cupy

    from benchmarks.gpu.timing import gpu_ms, gpu_state

    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu.rssn_case")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args(arguments)
    others = differing(cupy.asarray, cupy.asnumpy, 6)
    stream, rows = cupy.cuda.Stream(non_blocking=True), []
    given, host = inputs(cupy.asarray, BATCH), inputs(np.asarray, BATCH)
    cupy.cuda.Device().synchronize()
    for denoise in (False, True):
        chosen = plans(BATCH, denoise)

        def resident(chosen: Any = chosen) -> object:
            return rssn_batch(*given, chosen, CROP_PX)

        def upload(chosen: Any = chosen) -> object:
            fg, bg, alpha = ([cupy.asarray(array) for array in part] for part in host)
            return rssn_batch(fg, bg, alpha, chosen, CROP_PX)

        ways: dict[str, Callable[[], object]] = {"resident": resident, "upload": upload}
        for name, work in ways.items():
            with stream:
                spread = gpu_ms(work, stream, warm_ups=3, seconds=0.5)
            rate = Spread.of([BATCH * 1e3 / spread.median])
            rows.append({"case": name, "denoise": denoise, "ms": spread, "samples_a_second": rate})
            print(f"{name}, denoise {denoise}: {rate.median:.0f} samples/s", flush=True)
            write_result(
                args.json, "gpu rssn", rows, gpu=gpu_state(), differing_by_one_level=others
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
