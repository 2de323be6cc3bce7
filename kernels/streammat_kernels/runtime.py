"""How a CUDA kernel gets its arguments and is started on the caller's stream."""

from __future__ import annotations

import ctypes
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import ShapeError
from .layout import Family, PixelLayout
from .staging import room_for
from .taps import Taps

__all__ = [
    "Cuda",
    "Runtime",
    "Struct",
    "grid_of",
    "pack",
    "plane",
    "plane_dtype",
    "plane_triple",
    "runtime_of",
    "table_of",
    "taps_of",
]

QUAD = 4
"""Pixels side by side that one thread of most element kernels works on."""

MOST_DOWN = 65535
"""Blocks of a launch in y, and in z; in x there may be 2^31 - 1."""

_KINDS = {np.dtype(np.uint8): 0, np.dtype(np.uint16): 1, np.dtype(np.float32): 2}
_PLANE = np.dtype(
    [("data", "u8"), ("stride", "i8"), ("step", "i4"), ("kind", "i4"), ("quads", "i4"), ("_", "i4")]
)
_TAPS = np.dtype([("start", "u8"), ("weights", "u8"), ("count", "i8")])
_CONSTANTS = 512


def plane_dtype() -> np.dtype[Any]:
    """The record of a ``Plane``, for one that is not there: all zeros."""
    return _PLANE


class Struct(NamedTuple):
    """Bytes that a kernel gets by value."""

    value: NDArray[Any]


class Runtime(Protocol):
    """Where kernels run: a GPU, or in the tests the CPU."""

    def address(self, array: Any) -> int:
        """Where the first sample of an array lies."""

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """An uninitialised array there; for buffers that are made once and kept."""

    def upload(self, array: NDArray[Any]) -> Any:
        """A copy of a NumPy array there, complete when this returns."""

    def constant(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> Any:
        """A small table there, uploaded when first asked for."""

    def elements(self, kernel: str, size: tuple[int, int], *args: Any) -> None:
        """Start ``unit.kernel`` with at least a thread for each of (columns, rows) elements."""

    def blocks(self, kernel: str, count: tuple[int, int], threads: int, *args: Any) -> None:
        """Start ``unit.kernel`` with exactly these blocks of up to ``threads`` threads."""


def grid_of(
    size: tuple[int, int], block: tuple[int, int], most: int = MOST_DOWN
) -> tuple[int, int, int]:
    """Blocks in x, y and z with at least a thread for each of (columns, rows) elements.

    Rows that need more than ``most`` blocks in y go on in z, see ``grid_row`` of device.cuh.
    """
    across, down = (-(-count // side) for count, side in zip(size, block, strict=True))
    layers = max(1, -(-down // most))
    return across, -(-down // layers), layers


def pack(args: Sequence[Any], address: Callable[[Any], int]) -> tuple[Any, list[Any]]:
    """The ``void**`` of cuLaunchKernel and what has to stay alive until the launch returns.

    int becomes a C int, float a float, ``np.float64`` a double, a ``Struct`` its bytes, an array
    (of the device) its address, None a null pointer.
    """
    kept: list[Any] = []
    pointers = (ctypes.c_void_p * len(args))()
    for i, arg in enumerate(args):
        cell: Any
        if isinstance(arg, Struct):
            pointers[i] = arg.value.ctypes.data
            kept.append(arg.value)
            continue
        if isinstance(arg, bool | int | np.integer):
            cell = ctypes.c_int(int(arg))
        elif isinstance(arg, np.float64):
            cell = ctypes.c_double(float(arg))
        elif isinstance(arg, float | np.floating):
            cell = ctypes.c_float(float(arg))
        else:
            cell = ctypes.c_void_p(0 if arg is None else address(arg))
            kept.append(arg)
        pointers[i] = ctypes.addressof(cell)
        kept.append(cell)
    return pointers, kept


class Cuda:
    """Kernels on one GPU, on CuPy's current stream; nothing waits for them."""

    BLOCK = (32, 8)

    def __init__(self, device: int) -> None:
        self.device = device
        self._constants: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def address(self, array: Any) -> int:
        """See `Runtime.address`."""
        return int(array.data.ptr)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """See `Runtime.empty`."""
        import cupy

        with room_for(shape, dtype), cupy.cuda.Device(self.device):
            return cupy.empty(shape, dtype)

    def upload(self, array: NDArray[Any]) -> Any:
        """See `Runtime.upload`."""
        import cupy

        with room_for(array.shape, array.dtype), cupy.cuda.Device(self.device):
            copy = cupy.asarray(array)
            cupy.cuda.get_current_stream().synchronize()  # other streams will read it, too
            return copy

    def constant(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> Any:
        """See `Runtime.constant`. The first call for a key waits for its upload."""
        import cupy

        with self._lock:
            if key in self._constants:
                self._constants.move_to_end(key)
                return self._constants[key]
            if len(self._constants) >= _CONSTANTS:
                cupy.cuda.Device(self.device).synchronize()  # kernels may still read what goes now
                self._constants.popitem(last=False)
            self._constants[key] = table = self.upload(make())
            return table

    def elements(self, kernel: str, size: tuple[int, int], *args: Any) -> None:
        """See `Runtime.elements`."""
        self._launch(kernel, grid_of(size, self.BLOCK), self.BLOCK, args)

    def blocks(self, kernel: str, count: tuple[int, int], threads: int, *args: Any) -> None:
        """See `Runtime.blocks`."""
        self._launch(kernel, (*count, 1), (threads, 1), args)

    def _launch(
        self, kernel: str, grid: tuple[int, int, int], block: tuple[int, int], args: Sequence[Any]
    ) -> None:
        import cupy

        from .compile import function

        unit, _, name = kernel.partition(".")
        pointers, kept = pack(args, self.address)
        with cupy.cuda.Device(self.device) as device:
            device.use()  # this may be the thread's first call, and cuLaunchKernel binds no context
            stream = cupy.cuda.get_current_stream().ptr
            handle, first = function(unit, name), ctypes.addressof(pointers)
            cupy.cuda.driver.launchKernel(handle, *grid, *block, 1, 0, stream, first, 0)
        del kept


@lru_cache(maxsize=64)
def _cuda(device: int) -> Cuda:
    return Cuda(device)


stand_in: Runtime | None = None
"""Where NumPy arrays take the way of GPU arrays; for the tests, which run CUDA on the CPU."""


def runtime_of(array: Any) -> Runtime:
    """The runtime of a CuPy array's device."""
    if isinstance(array, np.ndarray):
        assert stand_in is not None, "a NumPy array was sent to a GPU"
        return stand_in
    return _cuda(int(array.device.id))


def plane(
    run: Runtime, array: Any, *, step: int = 1, offset: int = 0, what: str = "plane"
) -> Struct:
    """A (H, W) or (H, W, n) array as ``Plane`` of device.cuh, whatever its strides.

    Args:
        run: where the array lies.
        array: uint8, uint16 or float32.
        step: take every ``step``-th sample of (H, W, n) rows, from ``offset`` on: 2 for NV12's UV.
        offset: see ``step``.
        what: the array's name in an error; "out" is one that will be written to.

    Raises:
        ShapeError: strides that are no multiples of a sample, another dtype, a read-only output.
    """
    size = array.dtype.itemsize
    if what == "out" and not getattr(array.flags, "writeable", True):
        raise ShapeError("the output plane is read-only; pass an array that can be written to")
    if what == "out" and any(
        s == 0 and n > 1 for s, n in zip(array.strides, array.shape, strict=True)
    ):
        raise ShapeError(
            f"the output plane has strides {array.strides}; no two samples may share memory"
        )
    if array.dtype not in _KINDS or any(stride % size for stride in array.strides):
        raise ShapeError(
            f"{what} is {array.dtype} with strides {array.strides}; uint8, uint16 and float32 with "
            "strides of whole samples are allowed"
        )
    strides = [stride // size for stride in array.strides]
    start = run.address(array) + offset * size
    row, column = strides[0], step if array.ndim == 3 else strides[1]
    apart = array.ndim == 3 and array.shape[1] > 1 and strides[1] != array.shape[2]
    if apart or (array.ndim == 3 and strides[2] != 1):
        raise ShapeError(
            f"{what} has strides {array.strides}; interleaved samples lie side by side"
        )
    quads = column == 1 and start % (QUAD * size) == 0 and row % QUAD == 0
    record = np.zeros((), _PLANE)
    record[...] = (start, row, column, _KINDS[array.dtype], quads, 0)
    return Struct(record)


def plane_triple(run: Runtime, planes: Sequence[Any], layout: PixelLayout, what: str) -> Struct:
    """``Planes3``: Y, Cb, Cr or R, G, B; gray three times."""
    if layout.family is Family.SEMIPLANAR:
        parts = [plane(run, planes[0], what=what)]
        parts += [plane(run, planes[1], step=2, offset=i, what=what) for i in (0, 1)]
    elif layout.family is Family.GRAY:
        parts = [plane(run, planes[0], what=what)] * 3
    else:
        parts = [plane(run, array, what=what) for array in planes[:3]]
    return Struct(np.stack([part.value for part in parts]))


class _Same:
    """A key that equals only itself for the very same object, which it keeps alive."""

    __slots__ = ("_of",)

    def __init__(self, of: object) -> None:
        self._of = of

    def __hash__(self) -> int:
        return id(self._of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other._of is self._of


def table_of(run: Runtime, table: NDArray[Any]) -> Any:
    """A table that the caller keeps (an ``lru_cache`` does), uploaded once."""
    return run.constant(_Same(table), lambda: np.ascontiguousarray(table))


def taps_of(run: Runtime, taps: Taps) -> Struct:
    """``Taps`` of device.cuh, for filters that a cache keeps."""
    start, weights = table_of(run, taps.start), table_of(run, taps.weights)
    record = np.zeros((), _TAPS)
    record[...] = (run.address(start), run.address(weights), taps.weights.shape[1])
    return Struct(record)
