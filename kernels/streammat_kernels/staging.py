"""Host memory, a GPU's memory and the copies between them, in the order of one stream.

Whoever drives a GPU frame by frame depends on this protocol: `CupyStaging` gives it, tests bring
their own. Copies are asked for and return at once; only ``synchronise`` waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from numpy.typing import NDArray

from .errors import DeviceMemoryError, ShapeError

__all__ = ["CupyStaging", "Staging", "room_for"]


class Staging(Protocol):
    """One stream of one GPU. Arrays are C-contiguous; device arrays are opaque to the caller."""

    def on_stream(self) -> AbstractContextManager[Any]:
        """Kernels that are started inside go to this stream."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """An uninitialised array on the device; for buffers that are made once.

        Raises:
            DeviceMemoryError: the GPU's memory is full.
        """

    def pinned(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """An uninitialised host array that the GPU can read and write by itself."""

    def upload(self, source: NDArray[Any], target: Any) -> None:
        """Copy a pinned array to the device; it must not be changed until a later event."""

    def download(self, source: Any, target: NDArray[Any]) -> None:
        """Copy from the device into a pinned array; it is complete at a later event."""

    def record(self) -> Any:
        """An event after everything that the stream was given so far."""

    def synchronise(self, event: Any) -> None:
        """Block, without holding the GIL, until the event has come."""


@contextmanager
def room_for(shape: tuple[int, ...], dtype: Any) -> Iterator[None]:
    """Turn CuPy's error of a full GPU into ours.

    Raises:
        DeviceMemoryError: what is allocated inside does not fit.
    """
    import cupy

    try:
        yield
    except cupy.cuda.memory.OutOfMemoryError as error:
        raise DeviceMemoryError(
            f"the GPU has no room for {shape} of {dtype}: use a smaller --size or fewer outputs, "
            "or close other programs on the GPU"
        ) from error


class CupyStaging:
    """`Staging` by CuPy.

    Args:
        stream: a ``cupy.cuda.Stream`` that does not wait for the default one.
    """

    def __init__(self, stream: Any) -> None:
        import cupy

        self._cupy, self.stream = cupy, stream
        self._device = int(cupy.cuda.Device().id)

    def on_stream(self) -> AbstractContextManager[Any]:
        """See `Staging.on_stream`."""
        stream: AbstractContextManager[Any] = self.stream
        return stream

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """See `Staging.empty`."""
        with room_for(shape, dtype), self._cupy.cuda.Device(self._device), self.stream:
            return self._cupy.empty(shape, dtype)

    def pinned(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        """See `Staging.pinned`."""
        import cupyx

        made: NDArray[Any] = cupyx.empty_pinned(shape, dtype)
        return made

    def upload(self, source: NDArray[Any], target: Any) -> None:
        """See `Staging.upload`."""
        _check(source, target)
        runtime = self._cupy.cuda.runtime
        self._copy(target.data.ptr, source.ctypes.data, source.nbytes, runtime.memcpyHostToDevice)

    def download(self, source: Any, target: NDArray[Any]) -> None:
        """See `Staging.download`."""
        _check(target, source)
        runtime = self._cupy.cuda.runtime
        self._copy(target.ctypes.data, source.data.ptr, target.nbytes, runtime.memcpyDeviceToHost)

    def record(self) -> Any:
        """See `Staging.record`; who waits for the event sleeps, so that encoders get the core."""
        event = self._cupy.cuda.Event(block=True, disable_timing=True)
        event.record(self.stream)
        return event

    def synchronise(self, event: Any) -> None:
        """See `Staging.synchronise`."""
        event.synchronize()

    def _copy(self, target: int, source: int, size_bytes: int, kind: int) -> None:
        self._cupy.cuda.runtime.memcpyAsync(target, source, size_bytes, kind, self.stream.ptr)


def _check(host: NDArray[Any], device: Any) -> None:
    """Refuse arrays of which the bytes do not lie in the same order."""
    same = host.shape == device.shape and host.dtype == device.dtype
    if not (same and host.flags.c_contiguous and device.flags.c_contiguous):
        raise ShapeError(
            f"{host.dtype} {host.shape} and {device.dtype} {device.shape} cannot be copied as they "
            "lie; pass contiguous arrays of one shape and dtype"
        )
