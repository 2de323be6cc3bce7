"""Row bands on a thread pool: how a serial nogil kernel uses several cores from any thread."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

__all__ = ["Bands", "run_bands"]


class Bands:
    """A pool and the number of bands to cut an image into; shared by all kernels of a pipeline.

    Args:
        executor: any ``concurrent.futures`` thread pool; the caller owns and closes it.
        count: bands per call, 1 or more.
    """

    __slots__ = ("count", "executor")

    def __init__(self, executor: Executor, count: int) -> None:
        self.executor = executor
        self.count = count


def run_bands(
    kernel: Callable[[int, int], None], rows: int, bands: Bands | None, align: int = 1
) -> None:
    """Call ``kernel(first_row, end_row)`` over ``rows`` rows, in bands on the pool or at once.

    Args:
        kernel: writes only its own rows and releases the GIL.
        rows: total rows.
        bands: None runs serially in the calling thread.
        align: band borders are multiples of this (2 where chroma rows pair up).
    """
    if bands is None or bands.count <= 1 or rows < 2 * align:
        kernel(0, rows)
        return
    step = -(-rows // bands.count)
    step = -(-step // align) * align
    starts = range(0, rows, step)
    jobs = [bands.executor.submit(kernel, start, min(start + step, rows)) for start in starts[1:]]
    kernel(0, min(step, rows))
    for job in jobs:
        job.result()
