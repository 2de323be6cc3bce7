"""What the runtime asks of CuPy, in which order; a stand-in notes it down."""

from __future__ import annotations

import sys
import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from streammat_kernels import compile as cuda_compile
from streammat_kernels.errors import ShapeError
from streammat_kernels.interop import cupy_stream
from streammat_kernels.runtime import MOST_DOWN, Cuda, grid_of, plane


class _Device:
    def __init__(self, log: list[Any], number: int) -> None:
        self._log, self._number = log, number

    def __enter__(self) -> _Device:  # as CuPy's: the device that is current already is left alone
        return self

    def __exit__(self, *_: object) -> None:
        self._log.append("left")

    def use(self) -> None:
        self._log.append(f"context {self._number}")


def test_a_launch_binds_the_devices_context_to_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    log: list[Any] = []
    launched = SimpleNamespace(launchKernel=lambda *args: log.append(args[:9]))
    cuda = SimpleNamespace(
        Device=lambda number: _Device(log, number),
        get_current_stream=lambda: SimpleNamespace(ptr=77),
        driver=launched,
    )
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda))

    def function(unit: str, name: str) -> int:
        log.append((unit, name))
        return 5

    monkeypatch.setattr(cuda_compile, "function", function)
    array: Any = SimpleNamespace(data=SimpleNamespace(ptr=4096))
    Cuda(3).elements("unit.name", (33, 9), array, 7, np.float64(0.5), None)
    launch = (5, 2, 2, 1, 32, 8, 1, 0, 77)
    assert log == ["context 3", ("unit", "name"), launch, "left"]


@pytest.mark.parametrize(
    "rows",
    [
        1,
        8 * MOST_DOWN,
        8 * MOST_DOWN + 1,
        128 * 4096,  # a launch of `crops`: images of 4096 rows
        64 * 9000,  # of `augment`: 16 crops, two maps, two ellipses
        2_000_000_000,
    ],
)
def test_launches_of_any_height_keep_to_the_drivers_limits(rows: int) -> None:
    across, down, layers = grid_of((33, rows), Cuda.BLOCK)
    assert across == 2
    assert 1 <= down <= MOST_DOWN
    assert 1 <= layers <= MOST_DOWN
    assert rows <= 8 * down * layers < rows + 8 * layers, "hardly more threads than rows"


@pytest.mark.parametrize("release", [13, 14])
def test_another_librarys_stream_is_taken_as_each_cupy_wants_it(
    release: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    class External:
        def __init__(self, pointer: int) -> None:
            if release > 13:
                warnings.warn("deprecated", DeprecationWarning, stacklevel=2)
            self.ptr = pointer

    class Stream:
        ptr = 0

    def from_external(foreign: Any) -> Any:
        return SimpleNamespace(ptr=foreign.__cuda_stream__()[1], kept=foreign)

    if release > 13:
        monkeypatch.setattr(Stream, "from_external", from_external, raising=False)
    cuda = SimpleNamespace(Stream=Stream, ExternalStream=External)
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cupy_stream(1234).ptr == 1234


@pytest.mark.parametrize(("width", "strides"), [(1, (64, 64, 1)), (3, (64, 2, 1))])
def test_chroma_of_one_column_has_no_distance_to_the_next(
    width: int, strides: tuple[int, int, int]
) -> None:
    rows = np.zeros((4, 64), np.uint8)
    chroma = np.lib.stride_tricks.as_strided(rows, (4, width, 2), strides)
    here: Any = SimpleNamespace(address=lambda array: array.ctypes.data)
    record = plane(here, chroma, step=2, what="chroma").value
    assert (int(record["stride"]), int(record["step"])) == (64, 2)


def test_interleaved_samples_lie_side_by_side() -> None:
    apart = np.zeros((4, 3, 4), np.uint8)[..., :2]
    here: Any = SimpleNamespace(address=lambda array: array.ctypes.data)
    with pytest.raises(ShapeError, match="lie side by side"):
        plane(here, apart, step=2, what="chroma")
