"""What the runner needs of CUDA, behind a small seam: CuPy gives it, tests bring their own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Protocol

from streammat_kernels.errors import DependencyError, DeviceUnavailable

from ..errors import EngineMemoryError
from .gpu import why_no_gpu

__all__ = ["Cuda", "CupyCuda", "address", "release_kept_memory"]


class Cuda(Protocol):
    """Streams, events, memory and graphs of one GPU; handles are opaque to the runner."""

    def stream(self) -> Any:
        """A new stream."""

    def stream_pointer(self, stream: Any) -> int:
        """Its handle, as TensorRT takes it."""

    def allocate(self, size_bytes: int) -> Any:
        """Device memory, freed with the returned object; raises EngineMemoryError."""

    def memory_pointer(self, memory: Any) -> int:
        """Its address."""

    def record(self, stream: Any) -> Any:
        """An event after everything that the stream was given so far."""

    def synchronise(self, event: Any) -> None:
        """Block, without holding the GIL, until the event has come."""

    def capture(self, stream: Any, work: Callable[[], None]) -> Any:
        """What ``work`` gives to the stream, as a graph; nothing is run.

        Raises whatever ``work`` raises, or CUDA; the stream can be used afterwards.
        """

    def launch(self, graph: Any, stream: Any) -> None:
        """Run a captured graph."""


class CupyCuda:
    """CUDA through CuPy.

    Raises:
        DependencyError: CuPy is not installed.
        DeviceUnavailable: no driver, or no GPU.
    """

    def __init__(self) -> None:
        try:
            import cupy
        except ImportError as error:
            raise DependencyError(
                "CuPy is missing, which keeps pictures on the GPU: "
                "pip install 'streammat[tensorrt-rtx]' (or [tensorrt])"
            ) from error
        if not cupy.cuda.is_available():
            raise DeviceUnavailable(
                f"no NVIDIA GPU can be used; {why_no_gpu()}, or use --device cpu"
            )
        self._cupy = cupy

    def stream(self) -> Any:
        """A stream that does not wait for the default one."""
        return self._cupy.cuda.Stream(non_blocking=True)

    def stream_pointer(self, stream: Any) -> int:
        """``cudaStream_t``."""
        return int(stream.ptr)

    def allocate(self, size_bytes: int) -> Any:
        """Memory of CuPy's pool."""
        try:
            return self._cupy.cuda.alloc(size_bytes)
        except self._cupy.cuda.memory.OutOfMemoryError as error:
            raise EngineMemoryError(
                f"the GPU has no {size_bytes / 2**20:.0f} MiB left: use a smaller --size or "
                "--batch, or close other programs"
            ) from error

    def memory_pointer(self, memory: Any) -> int:
        """Device address."""
        return int(memory.ptr)

    def record(self, stream: Any) -> Any:
        """An event without timing, which is cheaper."""
        event = self._cupy.cuda.Event(disable_timing=True)
        event.record(stream)
        return event

    def synchronise(self, event: Any) -> None:
        """CuPy releases the GIL while it waits."""
        event.synchronize()

    def capture(self, stream: Any, work: Callable[[], None]) -> Any:
        """Capture in thread-local mode: what other threads do meanwhile does not spoil it."""
        with stream:
            stream.begin_capture(mode=self._cupy.cuda.runtime.streamCaptureModeThreadLocal)
            try:
                work()
            except BaseException:
                with contextlib.suppress(Exception):  # a spoilt capture ends with an error, too
                    stream.end_capture()
                raise
            return stream.end_capture()

    def launch(self, graph: Any, stream: Any) -> None:
        """One launch for the whole network."""
        graph.launch(stream)


def release_kept_memory() -> None:
    """Give the GPU back what CuPy keeps for reuse and nobody uses."""
    import cupy

    cupy.get_default_memory_pool().free_all_blocks()


def address(array: Any) -> int:
    """Where a device array begins; CuPy, torch and Numba arrays all say so."""
    return int(array.__cuda_array_interface__["data"][0])
