"""Training samples a second: the kernels against OpenCV, the same steps at the same sizes.

``python -m benchmarks rssn [--device cpu|cuda] [--json FILE] [--batch 32] [--repeats 5]``. Decoded
foregrounds and backgrounds of 1471x1195 pixels (the mean of AM-2k), crops of GFM's sizes scaled to
320 px, batches of 32. Both sides get the same decisions and use two processors: the kernels two
threads, OpenCV two processes that keep the decoded pictures in memory and only hand back results.
OpenCV's version works in the published order over whole pictures; ``cropped first`` is the same
with everything that allows it moved behind the crop, as an expert would. Before anything is timed
the two are compared. On a GPU it is ``benchmarks.gpu.rssn_case``: samples a second from host memory
and from the GPU's, and their share of a training step.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from streammat_kernels.augment import SamplePlan, rssn_batch

from .gpu import rssn_case
from .record import LoadMeter, Spread, write_result
from .rssn_opencv import STEPS, cropped_first, opencv_sample, opencv_step
from .rssn_samples import CROP_PX, PICTURES, input_hash, inputs, pictures, plans

WANTED_TIMES = 2.0
AIM_TIMES = 4.0
LEVELS = 1
OTHER_SHARE = 0.02
_START_SECONDS = 300


def _opencv_job(job: tuple[str, int, SamplePlan]) -> int:
    """One sample in a worker process; what comes back stands for the handing over of a result."""
    how, number, plan = job
    sample = pictures()[number % PICTURES]
    if how in STEPS:
        opencv_step(how, sample, plan)
        return 0
    function = opencv_sample if how == "whole" else cropped_first
    return len(function(*sample, plan, CROP_PX))


def _start_worker(ready: Any = None) -> None:
    """Everything that a process does once, its first samples too; then it says that it is ready."""
    import cv2

    cv2.setNumThreads(1)
    pictures()
    for plan in plans(2, True):
        for how in ("whole", "cropped first"):
            _opencv_job((how, 0, plan))
    if ready is not None:
        ready.wait()


def check(chosen: Sequence[SamplePlan]) -> float:
    """Share of samples that differ by a level; the two agree everywhere else.

    Raises:
        AssertionError: they differ by more, or more often, than rounding explains.
    """
    plain = [replace(plan, noise_sigma=0.0) for plan in chosen]  # OpenCV draws other noise
    fg, bg, alpha = inputs(len(plain))
    found = rssn_batch(fg, bg, alpha, plain, CROP_PX)
    worst, others = 0, 0.0
    for number, plan in enumerate(plain):
        for function in (opencv_sample, cropped_first):
            wanted = function(fg[number], bg[number], alpha[number], plan, CROP_PX)
            for got, want in zip(found, wanted, strict=True):
                difference = np.abs(got[number].astype(np.int16) - want)
                worst = max(worst, int(difference.max()))
                others = max(others, float((difference > 0).mean()))
    assert worst <= LEVELS, f"kernels and OpenCV differ by {worst} levels"
    assert others <= OTHER_SHARE, f"kernels and OpenCV differ on {others:.2%} of samples"
    return others


def _rates(work: Callable[[], object], count: int, repeats: int) -> Spread:
    work()
    values = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        values.append(count / (time.perf_counter() - start))
    return Spread.of(values)


def _row(case: str, count: int, repeats: int, denoise: bool, workers: Any) -> dict[str, Any]:
    chosen = plans(count, denoise)
    given = inputs(count)
    with ThreadPoolExecutor(2) as pool, LoadMeter() as meter:
        own = _rates(partial(rssn_batch, *given, chosen, CROP_PX, pool=pool), count, repeats)
        peers = {}
        for how in ("whole", "cropped first"):
            jobs = [(how, number, plan) for number, plan in enumerate(chosen)]
            peers[how] = _rates(partial(workers.map, _opencv_job, jobs, 2), count, repeats)
    times = own.median / peers["whole"].median
    return {
        "case": case,
        "samples_a_second": own,
        "opencv": peers["whole"],
        "opencv_cropped_first": peers["cropped first"],
        "times": times,
        "times_cropped_first": own.median / peers["cropped first"].median,
        "reached": times >= WANTED_TIMES,
        "aim_reached": times >= AIM_TIMES,
        "load": meter.load,
    }


def step_rows(count: int) -> list[dict[str, Any]]:
    """CPU milliseconds a sample of each of OpenCV's steps over whole pictures, one thread."""
    _start_worker()
    chosen = plans(count, True)
    rows = []
    for step in (*STEPS, "whole", "cropped first"):
        start = time.process_time()
        for number, plan in enumerate(chosen):
            _opencv_job((step, number, plan))
        name = step if step in STEPS else f"all steps, OpenCV, {step}, with denoising"
        rows.append({"case": name, "cpu_ms": (time.process_time() - start) * 1e3 / count})
    return rows + _own_rows(count)


def _own_rows(count: int) -> list[dict[str, Any]]:
    """The same of our kernels, which do the steps together: with none, with one more, with all."""
    cases = {
        "our kernels: crop, composite, regions": _with(count),
        "our kernels: the same, and blur of each": _with(count, blur_px=40),
        "our kernels: the same, and noise of each": _with(count, noise_sigma=10.0),
        "our kernels: the same, and denoise of each": _with(count, denoise=6.0),
    }
    cases["all steps, our kernels"] = plans(count, False)
    cases["all steps, our kernels, with denoising"] = plans(count, True)
    given = inputs(count)
    rows = []
    for name, chosen in cases.items():
        rssn_batch(*given, chosen, CROP_PX)
        start = time.process_time()
        rssn_batch(*given, chosen, CROP_PX)
        rows.append({"case": name, "cpu_ms": (time.process_time() - start) * 1e3 / count})
    return rows


def _with(
    count: int, blur_px: int = 0, noise_sigma: float = 0.0, denoise: float = 0.0
) -> list[SamplePlan]:
    """The benchmark's crops, all with these effects and no others."""
    return [
        replace(
            plan,
            blur_px=blur_px,
            noise_sigma=noise_sigma,
            denoise_foreground=denoise,
            denoise_background=denoise,
        )
        for plan in plans(count, True)
    ]


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks rssn", description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    if options.device == "cuda":
        return rssn_case.run(options.batch, options.json)
    others = check(plans(6, True))
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(3)
    with context.Pool(2, _start_worker, (ready,)) as workers:
        ready.wait(_START_SECONDS)  # a process that still begins would be timed
        rows = [
            _row(case, options.batch, options.repeats, denoise, workers)
            for case, denoise in (("without denoising", False), ("with denoising", True))
        ]
    steps = step_rows(12)
    for row in rows:
        print(
            f"{row['case']:<18} {row['samples_a_second'].median:7.1f} samples/s, OpenCV "
            f"{row['opencv'].median:.1f} ({row['times']:.1f} times), cropped first "
            f"{row['opencv_cropped_first'].median:.1f} ({row['times_cropped_first']:.1f} times)"
        )
    for row in steps:
        print(f"  {row['case']:<48} {row['cpu_ms']:7.1f} CPU-ms a sample")
    facts = {"input_sha256": input_hash(), "repeats": options.repeats}
    write_result(options.json, "rssn", rows, steps=steps, differing_by_one_level=others, **facts)
    return 0 if all(row["reached"] for row in rows) else 1
