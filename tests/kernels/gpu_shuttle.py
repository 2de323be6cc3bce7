"""The GPU behind NumPy arrays: every launch takes its memory there and back, for the tests."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.compile import function
from streammat_kernels.runtime import Cuda, pack
from tests.kernels.host_cuda import HostCuda

__all__ = ["GpuShuttle"]


class GpuShuttle(HostCuda):
    """A `Runtime` for NumPy arrays whose kernels run on the GPU, one synchronised launch at a time.

    Whole allocations travel, padding included, so that a write beside an output shows.
    """

    def __init__(self) -> None:
        super().__init__()
        self._aboard: dict[int, tuple[NDArray[Any], Any]] = {}

    def address(self, array: NDArray[Any]) -> int:
        import cupy

        whole = array
        while isinstance(whole.base, np.ndarray):
            whole = whole.base
        first, end = np.lib.array_utils.byte_bounds(whole)
        if first not in self._aboard:
            flat = np.ctypeslib.as_array((ctypes.c_uint8 * (end - first)).from_address(first))
            self._aboard[first] = (whole, cupy.asarray(flat))
        return int(self._aboard[first][1].data.ptr) + array.ctypes.data - first

    def elements(self, kernel: str, size: tuple[int, int], *args: Any) -> None:
        across, down = Cuda._BLOCK
        self._start(kernel, (-(-size[0] // across), -(-size[1] // down)), Cuda._BLOCK, args)

    def blocks(self, kernel: str, count: tuple[int, int], threads: int, *args: Any) -> None:
        self._start(kernel, count, (threads, 1), args)

    def _start(
        self, kernel: str, grid: tuple[int, int], block: tuple[int, int], args: tuple[Any, ...]
    ) -> None:
        import cupy

        self.launches.append(kernel)
        unit, _, name = kernel.partition(".")
        pointers, kept = pack(args, self.address)
        first = ctypes.addressof(pointers)
        cupy.cuda.driver.launchKernel(function(unit, name), *grid, 1, *block, 1, 0, 0, first, 0)
        cupy.cuda.Device().synchronize()
        del kept
        for start, (whole, copy) in self._aboard.items():
            if whole.flags.writeable:
                ctypes.memmove(start, copy.get().ctypes.data, copy.nbytes)
        self._aboard.clear()
