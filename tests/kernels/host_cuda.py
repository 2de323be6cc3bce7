"""The CUDA kernels on the CPU: their true source, built by g++ through shim/shim.h."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Hashable
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.compile import source
from streammat_kernels.runtime import grid_of, pack

__all__ = ["COMPILER", "HostCuda", "build", "kernels_of"]

COMPILER = shutil.which("g++")
_SHIM = Path(__file__).resolve().parent / "shim"
_KERNEL = re.compile(r"^SM_KERNEL\s+(?:__launch_bounds__\(\d+\)\s+)?(\w+)\(", re.MULTILINE)
# As on a GPU, a product and a sum may become one rounding (the flags of this very machine).
_FLAGS = ("-std=c++20", "-O2", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC")
_BUILDS = threading.Lock()  # stages ask from their own threads
_WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas", "-Wno-unused-function")


def kernels_of(unit: str) -> list[str]:
    """Names of the ``__global__`` functions of an op, in the order of its source."""
    return _KERNEL.findall(source(unit))


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="streammat-shim-")


def build(unit: str, *flags: str, suffix: str = ".so") -> Path:
    """Compile an op once a session; further flags make another file."""
    assert COMPILER is not None
    name = "-".join((unit, *(re.sub(r"\W", "", flag) for flag in flags)))
    target = Path(_folder().name) / (name + suffix)
    if not target.exists():
        text = '#include "shim.h"\n' + source(unit)
        text += "\n" + "\n".join(f"SM_EXPORT({kernel})" for kernel in kernels_of(unit)) + "\n"
        code = target.with_suffix(".cpp")
        code.write_text(text)
        command = [
            COMPILER,
            *_FLAGS,
            *_WARNINGS,
            *flags,
            f"-I{_SHIM}",
            str(code),
            "-o",
            str(target),
        ]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"g++ refuses {unit}.cuh:\n{result.stderr}"
    return target


@lru_cache(maxsize=64)
def _library(unit: str) -> ctypes.CDLL:
    with _BUILDS:
        return ctypes.CDLL(str(build(unit)))


class HostCuda:
    """A `Runtime` whose device is the CPU: arrays are NumPy's, a launch returns when it is done."""

    def __init__(self) -> None:
        self.launches: list[str] = []
        self._constants: dict[Hashable, NDArray[Any]] = {}

    def address(self, array: NDArray[Any]) -> int:
        return int(array.ctypes.data)

    def empty(self, shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        poisoned = np.empty(shape, dtype)
        poisoned.view(np.uint8).fill(0xFF)  # NaN in floats: reading it would show
        return poisoned

    def upload(self, array: NDArray[Any]) -> NDArray[Any]:
        return array.copy()

    def constant(self, key: Hashable, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        if key not in self._constants:
            self._constants[key] = make()
        table = self._constants[key]
        assert (table == make()).all(), f"two tables share the key {key}"
        return table

    def elements(self, kernel: str, size: tuple[int, int], *args: Any) -> None:
        # As on a GPU there are more threads than elements; those beyond may do nothing. Rows stand
        # behind one another as those of very high pictures and batches do there.
        down = size[1] + 2
        self._launch(kernel, grid_of((size[0] + 3, down), (1, 1), most=-(-down // 2)), args)

    def blocks(self, kernel: str, count: tuple[int, int], threads: int, *args: Any) -> None:
        self._launch(kernel, (*count, 1), args)

    def _launch(self, kernel: str, grid: tuple[int, int, int], args: tuple[Any, ...]) -> None:
        self.launches.append(kernel)
        self.prepared(kernel, grid, args)()

    def prepared(
        self, kernel: str, grid: tuple[int, int, int], args: tuple[Any, ...]
    ) -> Callable[[], None]:
        """The launch with its arguments packed, to be called once."""
        unit, _, name = kernel.partition(".")
        pointers, kept = pack(args, self.address)

        def run() -> None:
            getattr(_library(unit), f"launch_{name}")(pointers, *grid)
            kept.clear()

        return run
