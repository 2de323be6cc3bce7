"""Which GPU is there, and why none is: over a driver of a few functions."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest

from streammat_engines.tensorrt import gpu

NO_DEVICE = 100


def driver(begins: int, devices: int = 0) -> SimpleNamespace:
    """`libcuda` that begins with this code and knows so many GPUs."""

    def name(code: int, target: Any) -> int:
        target._obj.value = {999: b"CUDA_ERROR_UNKNOWN"}.get(code)
        return 0

    return SimpleNamespace(
        cuInit=lambda _: begins,
        cuGetErrorName=name,
        cuDeviceGet=lambda _, index: 0 if index < devices else NO_DEVICE,
    )


@pytest.mark.parametrize(
    ("library", "reason"),
    [
        (None, r"no NVIDIA driver was found: install"),
        (driver(999), r"CUDA error 999 \(CUDA_ERROR_UNKNOWN\): see what nvidia-smi says"),
        (driver(12345), r"CUDA error 12345 \(no name\)"),
        (driver(0), r"sees no such GPU: see CUDA_VISIBLE_DEVICES"),
    ],
)
def test_a_driver_that_does_not_work_is_told_from_none(
    library: Any, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu, "_library", lambda: library)
    assert gpu.find_gpu() is None
    assert re.search(reason, gpu.why_no_gpu())
