"""A GPU as a backend of the benchmark: many runs a graph, timed by events on the device."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from streammat_kernels.compile import INSTALL
from streammat_kernels.errors import DependencyError, DeviceUnavailable

from .trial import MOST_SETS, Case, Step

__all__ = ["RUNS", "Cuda"]

# Of a step in one graph, so that launches cost the device's time only: all sets of buffers in turn.
RUNS = MOST_SETS


class Cuda:
    """Times steps on the current GPU. There are no rivals here: a copy is the measure.

    Raises:
        DependencyError: no CuPy.
        DeviceUnavailable: no GPU.
    """

    name = "cuda"
    threads = 1

    def __init__(self) -> None:
        try:
            import cupy
        except ImportError as error:
            raise DependencyError(f"benchmarks on a GPU need CuPy; {INSTALL}") from error
        if not cupy.cuda.is_available():
            raise DeviceUnavailable(
                "no GPU to measure on: CuPy finds no CUDA driver or no device; see nvidia-smi, or "
                "measure with --device cpu"
            )
        self._cupy = cupy
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._graphs: dict[int, tuple[Step, Any]] = {}
        properties = cupy.cuda.runtime.getDeviceProperties(cupy.cuda.Device().id)
        self.facts = {
            "gpu": properties["name"].decode(),
            "cuda_driver": int(cupy.cuda.runtime.driverGetVersion()),
        }
        self.cache_bytes = int(cupy.cuda.Device().attributes["L2CacheSize"])

    def cases(self) -> Sequence[Case]:
        """The rows of this backend."""
        from .cuda_ops import chains, ops

        return [*chains(self._cupy.asarray), *ops(self._cupy.asarray)]

    def copy(self, count: int, sets: int) -> Step:
        """A copy on the device, by the driver."""
        pairs = [[self._cupy.ones(count, np.uint8) for _ in range(2)] for _ in range(sets)]

        def step(index: int) -> None:
            source, target = pairs[index % sets]
            stream = self._cupy.cuda.get_current_stream()
            target.data.copy_from_device_async(source.data, count, stream)

        return step

    def milliseconds(self, step: Step, index: int) -> tuple[float, float]:
        """The device's time of one run; twice, as there is no other processor to ask."""
        del index  # a graph goes through all the buffers by itself
        graph = self._graph(step)
        events = [self._cupy.cuda.Event() for _ in range(2)]
        with self._stream:
            events[0].record()
            graph.launch(self._stream)
            events[1].record()
            self._stream.synchronize()
        spent = float(self._cupy.cuda.get_elapsed_time(*events)) / RUNS
        return spent, spent

    def _graph(self, step: Step) -> Any:
        """A graph of ``RUNS`` runs; only those of the trial under way are kept."""
        if id(step) not in self._graphs:
            if len(self._graphs) >= 2:  # ours and the copy
                self._graphs.clear()
            self._cupy.cuda.Device().synchronize()
            with self._stream:
                for run in range(RUNS):  # compiles, uploads tables
                    step(run)
                self._stream.synchronize()
                self._graphs[id(step)] = step, self._captured(step)
        return self._graphs[id(step)][1]

    def _captured(self, step: Step) -> Any:
        """The graph; a stream that was left capturing would spoil every case that follows."""
        self._stream.begin_capture()
        try:
            for run in range(RUNS):
                step(run)
        except BaseException:
            with suppress(Exception):
                self._stream.end_capture()
            raise
        return self._stream.end_capture()
