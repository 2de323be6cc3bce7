"""The GPU behind NumPy arrays: every launch takes its memory there and back, for the tests."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.compile import function
from streammat_kernels.runtime import Cuda, grid_of, pack
from tests.kernels.host_cuda import HostCuda

__all__ = ["GpuShuttle"]

_MOST_ABOARD = 160  # more than a launch names; each travels there and back with every launch


class GpuShuttle(HostCuda):
    """A `Runtime` for NumPy arrays whose kernels run on the GPU, one synchronised launch at a time.

    Whole allocations travel, padding included, so that a write beside an output shows. They keep
    their place on the GPU, as arguments are made before the launches that use them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._aboard: dict[int, tuple[NDArray[Any], NDArray[np.uint8], Any]] = {}

    def address(self, array: NDArray[Any]) -> int:
        import cupy

        whole = array
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        first, end = np.lib.array_utils.byte_bounds(whole)
        seen = self._aboard.pop(first, None)
        if seen is None or seen[1].size != end - first:
            flat = np.ctypeslib.as_array((ctypes.c_uint8 * (end - first)).from_address(first))
            seen = whole, flat, cupy.empty(flat.size, np.uint8)
        self._aboard[first] = seen  # the last used come last
        return int(seen[2].data.ptr) + array.ctypes.data - first

    def elements(self, kernel: str, size: tuple[int, int], *args: Any) -> None:
        self._start(kernel, grid_of(size, Cuda.BLOCK), Cuda.BLOCK, args)

    def blocks(self, kernel: str, count: tuple[int, int], threads: int, *args: Any) -> None:
        self._start(kernel, (*count, 1), (threads, 1), args)

    def _start(
        self, kernel: str, grid: tuple[int, int, int], block: tuple[int, int], args: tuple[Any, ...]
    ) -> None:
        import cupy

        self.launches.append(kernel)
        unit, _, name = kernel.partition(".")
        pointers, kept = pack(args, self.address)
        for _, flat, there in self._aboard.values():
            there.set(flat)
        first = ctypes.addressof(pointers)
        stream = cupy.cuda.get_current_stream().ptr
        handle = function(unit, name)
        cupy.cuda.driver.launchKernel(handle, *grid, *block, 1, 0, stream, first, 0)
        cupy.cuda.Device().synchronize()
        del kept
        for whole, flat, there in self._aboard.values():
            if whole.flags.writeable:
                flat[...] = there.get()
        for oldest in list(self._aboard)[:-_MOST_ABOARD]:
            del self._aboard[oldest]
