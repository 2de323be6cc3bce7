"""A GPU that is the CPU, and late: the true CUDA kernels, run when somebody waits for them.

One stream. Launches, copies and the network are queued, arguments packed at once as the driver
does; ``synchronise`` runs them up to the event and no further. So a host buffer that is filled
anew too early, or read before the wait, shows in the result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard
from streammat_engines.tensorrt.api import Api
from streammat_engines.tensorrt.host import HostEngine
from streammat_engines.tensorrt.plan import PlanTensor
from streammat_engines.tensorrt.runner import TensorRtEngine
from streammat_kernels import runtime
from tests.engines.tensorrt.fake_cuda import FakeCuda, FakeStream
from tests.engines.tensorrt.fake_trt import DeviceArray, fake_module
from tests.engines.tensorrt.plans import plan_of
from tests.kernels.host_cuda import HostCuda

__all__ = ["LateGpu", "fake_engine"]


def _poisoned(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    array = np.empty(shape, dtype)
    array.view(np.uint8).reshape(-1).fill(0xFF)  # NaN in floats: reading it would show
    return array


class LateGpu(HostCuda):
    """A `Runtime` and a `Staging` at once.

    Attributes:
        log: what was asked for, in order: empty, pinned, table, upload, download, a kernel's name,
            record, wait.
    """

    def __init__(self, stream: FakeStream) -> None:
        super().__init__()
        self.stream = stream
        self.log: list[str] = []
        self._pool: list[Any] = []  # as in CuPy's, memory is there until the stream is through

    @contextmanager
    def on_stream(self) -> Iterator[None]:
        assert runtime.stand_in is None, "two threads on one stream"
        runtime.stand_in = self
        try:
            yield
        finally:
            runtime.stand_in = None

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        self.log.append("empty")
        return self._kept(_poisoned(shape, dtype))

    def upload(self, source: NDArray[Any], target: Any = None) -> Any:
        if target is None:  # of `Runtime`: a table or a new state
            self.log.append("table")
            return self._kept(source.copy())
        self._copy("upload", source, target)
        return None

    def constant(self, key: Any, make: Callable[[], NDArray[Any]]) -> Any:
        self.log += [] if key in self._constants else ["table"]
        return super().constant(key, make)

    def pinned(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        self.log.append("pinned")
        return _poisoned(shape, dtype)

    def download(self, source: Any, target: NDArray[Any]) -> None:
        self._copy("download", source, target)

    def record(self) -> list[bool]:
        self.log.append("record")
        event: list[bool] = []
        self.stream.give(lambda: event.append(True))
        return event

    def synchronise(self, event: list[bool]) -> None:
        self.log.append("wait")
        while not event:
            self.stream.run_one()

    def _kept(self, array: NDArray[Any]) -> Any:
        self._pool.append(array)
        return array.view(DeviceArray)

    def _copy(self, what: str, source: Any, target: Any) -> None:
        assert source.shape == target.shape
        assert source.dtype == target.dtype
        assert source.flags.c_contiguous
        assert target.flags.c_contiguous
        self.log.append(what)
        self.stream.give(lambda: np.copyto(target, source))

    def _launch(self, kernel: str, grid: tuple[int, int, int], args: tuple[Any, ...]) -> None:
        self.log.append(kernel)
        self.stream.give(self.prepared(kernel, grid, args))


def fake_engine(
    card: ModelCard, width: int, height: int, opened: list[LateGpu] | None = None
) -> HostEngine:
    """An engine over the fake TensorRT: glance is red, green and blue, focus is red."""
    del card
    cuda = FakeCuda()
    stream = cuda.stream()
    planes = {"rgb": 3, "glance": 3, "focus": 1}
    rgb, glance, focus = (
        PlanTensor(name, (1, count, height, width), "float32") for name, count in planes.items()
    )
    made = replace(plan_of("x" * 16), inputs=(rgb,), outputs=(glance, focus), batches=(1, 1, 1))
    api = Api("tensorrt", fake_module("11.4.0"), "11.4.0")
    gpu = LateGpu(stream)
    if opened is not None:
        opened.append(gpu)
    return HostEngine(TensorRtEngine(b"plan", made, api, cuda, stream=stream), gpu)
