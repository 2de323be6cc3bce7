"""Relaxation sweeps on a GPU by numba.cuda: how many a picture takes depends on the picture.

Gray and white fields of a chessboard take turns where the CPU goes pixel by pixel, so that a sweep
has no order; both end at the same minimum. Whether it is reached is read every eighth sweep, which
waits for the GPU.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..dispatch import empty
from ..errors import DependencyError
from . import cpu

__all__ = ["beside", "converge", "sweeps"]

# Numba's own modules say nothing of their types.
try:
    cuda: Any = import_module("numba.cuda")
except Exception as error:  # beside a NumPy that it does not know numba-cuda fails in its own ways
    raise DependencyError(
        f"numba.cuda, which re-estimation on a GPU needs, cannot be loaded ({error}); "
        "pip install -U 'numba-cuda[cu13]', or pass NumPy arrays"
    ) from error
config: Any = import_module("numba.core.config")
_BLOCK = (32, 8)
_MOST_DOWN = 65535  # blocks; threads of higher pictures go on further down
_READ_EVERY = 8


balance: Any = cuda.jit(device=True)(cpu.balance.py_func)


@cuda.jit
def jacobi(colours: Any, weighted: Any, alpha: Any, out: Any) -> None:
    """One sweep of all pixels at once."""
    x, top = cuda.grid(2)
    for y in range(top, alpha.shape[0], cuda.gridDim.y * cuda.blockDim.y):
        if x < alpha.shape[1]:
            balance(colours, weighted, alpha, y, x, out[y, x])


@cuda.jit
def relax(colours: Any, weighted: Any, alpha: Any, omega: float, parity: int, largest: Any) -> None:
    """Over-relaxation of one colour of the chessboard in place; ``largest`` (1,) the change."""
    x, top = cuda.grid(2)
    wanted = cuda.local.array(3, "float64")
    for y in range(top, alpha.shape[0], cuda.gridDim.y * cuda.blockDim.y):
        if x < alpha.shape[1] and (x + y) % 2 == parity:
            balance(colours, weighted, alpha, y, x, wanted)
            for c in range(3):
                change = omega * (wanted[c] - colours[y, x, c])
                colours[y, x, c] += change
                cuda.atomic.max(largest, 0, abs(change))


def beside(array: Any, like: Any) -> Any:
    """A NumPy array where ``like`` lies."""
    if isinstance(like, np.ndarray):  # Numba's simulator
        return array
    import cupy

    return cupy.asarray(array)


def sweeps(estimate: Any, weighted: Any, alpha: Any, count: int) -> Any:
    """The estimate after ``count`` Jacobi sweeps, in one of two buffers."""
    start = _grid(alpha)
    pair = estimate, empty(estimate.shape, estimate.dtype, estimate)
    *turns, around, share = _seen(*pair, weighted, alpha)
    for n in range(count):
        jacobi[start](turns[n % 2], around, share, turns[1 - n % 2])
    return pair[count % 2]


def converge(
    estimate: Any, weighted: Any, alpha: Any, omega: float, smallest: float, most: int
) -> None:
    """Relax in place until no colour changes by ``smallest``, or ``most`` times."""
    start = _grid(alpha)
    largest = beside(np.zeros(1), alpha)
    colours, around, share, change = _seen(estimate, weighted, alpha, largest)
    for sweep in range(most):
        asked = sweep % _READ_EVERY == _READ_EVERY - 1
        if asked:
            largest[...] = 0
        for parity in (0, 1):
            relax[start](colours, around, share, omega, parity, change)
        if asked and float(largest[0]) < smallest:
            return


def _seen(*arrays: Any) -> tuple[Any, ...]:
    """The arrays as Numba's own, without a copy and without a wait.

    A launch would wait for the stream once for each array of another library. All of these are of
    the stream that the launches go to, whose order is enough.
    """
    if config.ENABLE_CUDASIM:
        return arrays
    return tuple(cuda.as_cuda_array(array, sync=False) for array in arrays)


def _grid(alpha: Any) -> tuple[Any, ...]:
    """Blocks, threads and the caller's stream.

    Raises:
        DependencyError: numba.cuda cannot compile here.
    """
    down = min(-(-alpha.shape[0] // _BLOCK[1]), _MOST_DOWN)
    blocks = -(-alpha.shape[1] // _BLOCK[0]), down
    if config.ENABLE_CUDASIM:
        return blocks, _BLOCK
    if not cuda.is_available():
        raise DependencyError(
            "numba.cuda finds no CUDA toolkit (NVVM), which re-estimation on a GPU needs; "
            "pip install 'numba-cuda[cu13]', or pass NumPy arrays"
        )
    import cupy

    stream = cuda.external_stream(cupy.cuda.get_current_stream().ptr)
    return blocks, _BLOCK, stream
