"""Training samples a second: the kernels against OpenCV, the same steps at the same sizes.

``python -m benchmarks rssn [--json FILE] [--batch 32] [--repeats 5]``. Decoded foregrounds and
backgrounds of 1471x1195 pixels (the mean of AM-2k), crops of GFM's sizes scaled to 320 px, batches
of 32. Both sides get the same decisions and use two processors: the kernels two threads, OpenCV two
processes that keep the decoded pictures in memory and only hand back results. OpenCV's version
works in the published order over whole pictures; ``cropped first`` is the same with everything that
allows it moved behind the crop, as an expert would. Before anything is timed the two are compared.
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
from numpy.typing import NDArray

from streammat_kernels.augment import SamplePlan, rssn_batch

from .record import LoadMeter, Spread, write_result
from .rssn_opencv import STEPS, cropped_first, opencv_sample, opencv_step

SIZE = (1195, 1471)  # H, W
CROP_PX = 320
SIDES = (640, 960, 1280)
PICTURES = 6  # kept decoded; samples go round them
WANTED_TIMES = 2.0
AIM_TIMES = 4.0
LEVELS = 1
OTHER_SHARE = 0.02
Sample = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
_pictures: list[Sample] = []


def pictures() -> list[Sample]:
    """Foregrounds, backgrounds and alphas of the benchmark's size, with detail and noise."""
    if not _pictures:
        _pictures.extend(_picture(seed) for seed in range(PICTURES))
    return _pictures


def _picture(seed: int) -> Sample:
    random = np.random.default_rng(seed)
    H, W = SIZE
    y, x = np.mgrid[:H, :W].astype(np.float32)
    layers = []
    for _ in range(2):
        waves = [
            np.sin(x / random.uniform(5, 60)) * np.cos(y / random.uniform(5, 60)) for _ in "rgb"
        ]
        smooth = 128 + 90 * np.stack(waves, 2)
        noisy = smooth + random.normal(0, 6, smooth.shape)
        layers.append(np.clip(noisy, 0, 255).astype(np.uint8))
    distance = np.hypot((y - H / 2) / (H * 0.33), (x - W / 2) / (W * 0.28))
    alpha = np.clip(255 * ((1 - distance) / 0.15 + 0.5), 0, 255).astype(np.uint8)
    return layers[0], layers[1], alpha


def plans(count: int, denoise: bool) -> list[SamplePlan]:
    """Decisions of GFM's own distribution: each of blur and noise (and denoising) half the time."""
    random = np.random.default_rng(11)
    made = []
    for number in range(count):
        side = int(random.choice(SIDES))
        side = side if side < min(SIZE) else CROP_PX
        calm = denoise and random.random() < 0.5
        made.append(
            SamplePlan(
                x=int(random.integers(0, SIZE[1] - side)),
                y=int(random.integers(0, SIZE[0] - side)),
                side=side,
                flip=random.random() < 0.5,
                blur_px=int(random.choice([20, 30, 40, 50, 60])) * (random.random() < 0.5),
                denoise_foreground=6.0 * calm,
                denoise_background=6.0 * calm,
                noise_sigma=10.0 * (random.random() < 0.5),
                noise_seed=number,
            )
        )
    return made


def _inputs(count: int) -> tuple[list[Any], list[Any], list[Any]]:
    chosen = [pictures()[number % PICTURES] for number in range(count)]
    fg, bg, alpha = zip(*chosen, strict=True)
    return list(fg), list(bg), list(alpha)


def _opencv_job(job: tuple[str, int, SamplePlan]) -> int:
    """One sample in a worker process; what comes back stands for the handing over of a result."""
    how, number, plan = job
    sample = pictures()[number % PICTURES]
    if how in STEPS:
        opencv_step(how, sample, plan)
        return 0
    function = opencv_sample if how == "whole" else cropped_first
    return len(function(*sample, plan, CROP_PX))


def _start_worker() -> None:
    import cv2

    cv2.setNumThreads(1)
    pictures()


def check(chosen: Sequence[SamplePlan]) -> float:
    """Share of samples that differ by a level; the two agree everywhere else.

    Raises:
        AssertionError: they differ by more, or more often, than rounding explains.
    """
    plain = [replace(plan, noise_sigma=0.0) for plan in chosen]  # OpenCV draws other noise
    fg, bg, alpha = _inputs(len(plain))
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
    inputs = _inputs(count)
    with ThreadPoolExecutor(2) as pool, LoadMeter() as meter:
        own = _rates(partial(rssn_batch, *inputs, chosen, CROP_PX, pool=pool), count, repeats)
        peers = {}
        for how in ("whole", "cropped first"):
            jobs = [(how, number, plan) for number, plan in enumerate(chosen)]
            again = max(1, repeats // 2)
            peers[how] = _rates(partial(workers.map, _opencv_job, jobs, 4), count, again)
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
    for name, denoise in (("all steps, our kernels", False), ("with denoising, our kernels", True)):
        chosen, inputs = plans(count, denoise), _inputs(count)
        start = time.process_time()
        rssn_batch(*inputs, chosen, CROP_PX)
        rows.append({"case": name, "cpu_ms": (time.process_time() - start) * 1e3 / count})
    return rows


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks rssn", description=__doc__)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    others = check(plans(6, True))
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    with context.Pool(2, _start_worker) as workers:
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
    write_result(options.json, "rssn", rows, steps=steps, differing_by_one_level=others)
    return 0 if all(row["reached"] for row in rows) else 1
