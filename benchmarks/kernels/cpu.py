"""The CPU as a backend of the benchmark: row bands on two or more threads, OpenCV on as many."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from streammat_kernels.bands import Bands, run_bands

from .trial import Case, Step

__all__ = ["Cpu"]

ASSUMED_CACHE_BYTES = 32 << 20  # where the system does not say


class Cpu:
    """Times steps by the clock of the wall and of this process.

    Args:
        threads: bands of our kernels, and OpenCV's threads.
    """

    name = "cpu"

    def __init__(self, threads: int) -> None:
        from .opencv import cv2

        cv2.setNumThreads(threads)
        self.threads = threads
        self.cache_bytes = _last_level_cache_bytes()
        self.bands = Bands(ThreadPoolExecutor(threads), threads) if threads > 1 else None

    def cases(self) -> Sequence[Case]:
        """The rows of this backend."""
        from .cpu_chains import chains
        from .cpu_ops import ops

        return [*chains(self.bands), *ops(self.bands)]

    def copy(self, count: int, sets: int) -> Step:
        """A copy in bands by NumPy, whose copies use the widest stores there are."""
        pairs = [(np.ones(count, np.uint8), np.zeros(count, np.uint8)) for _ in range(sets)]

        def step(index: int) -> None:
            source, target = pairs[index]

            def band(start: int, end: int) -> None:
                np.copyto(target[start:end], source[start:end])

            run_bands(band, count, self.bands, align=64)

        return step

    def milliseconds(self, step: Step, index: int) -> tuple[float, float]:
        """Wall and process time of one run."""
        wall, own = time.perf_counter(), time.process_time()
        step(index)
        return (time.perf_counter() - wall) * 1e3, (time.process_time() - own) * 1e3


def _last_level_cache_bytes() -> int:
    for level in (3, 2):
        path = Path(f"/sys/devices/system/cpu/cpu0/cache/index{level}/size")
        if path.exists():
            text = path.read_text().strip()
            return int(text[:-1]) << {"K": 10, "M": 20}[text[-1]]
    return ASSUMED_CACHE_BYTES
