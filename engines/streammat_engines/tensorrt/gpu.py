"""Which NVIDIA GPU is there, asked of the driver itself; no CUDA toolkit, no CuPy."""

from __future__ import annotations

import ctypes
import ctypes.util
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Gpu", "find_gpu", "why_no_gpu"]

_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
_DRIVER_FILE = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU.

    Attributes:
        name: e.g. ``NVIDIA H100 80GB HBM3``.
        sm: compute capability, e.g. ``9.0``.
        driver: the kernel driver's version where the system tells, else the CUDA version that the
            driver supports, e.g. ``cuda 13.0``.
    """

    name: str
    sm: str
    driver: str


def find_gpu(index: int = 0) -> Gpu | None:
    """The GPU of this number, or None: no driver, or no such GPU. Makes no CUDA context."""
    cuda = _library()
    if cuda is None or cuda.cuInit(0) != 0:
        return None
    device = ctypes.c_int()
    if cuda.cuDeviceGet(ctypes.byref(device), index) != 0:
        return None
    name = ctypes.create_string_buffer(256)
    cuda.cuDeviceGetName(name, len(name), device)
    major, minor = (_attribute(cuda, number, device) for number in (_MAJOR, _MINOR))
    return Gpu(name.value.decode(errors="replace"), f"{major}.{minor}", _driver(cuda))


def why_no_gpu() -> str:
    """Why `find_gpu` finds none, with what to do next; in the middle of a sentence."""
    cuda = _library()
    if cuda is None:
        return "no NVIDIA driver was found: install the driver"
    code = cuda.cuInit(0)
    if code != 0:
        name = ctypes.c_char_p()
        cuda.cuGetErrorName(code, ctypes.byref(name))
        words = (name.value or b"no name").decode(errors="replace")
        return (
            f"the NVIDIA driver is installed but ends with CUDA error {code} ({words}): see what "
            "nvidia-smi says; after an update of the driver restart the machine"
        )
    return "the NVIDIA driver sees no such GPU: see CUDA_VISIBLE_DEVICES and what nvidia-smi lists"


def _library() -> ctypes.CDLL | None:
    name = "nvcuda.dll" if os.name == "nt" else "libcuda.so.1"
    try:
        return ctypes.CDLL(name)
    except OSError:
        return None


def _attribute(cuda: ctypes.CDLL, number: int, device: ctypes.c_int) -> int:
    value = ctypes.c_int()
    cuda.cuDeviceGetAttribute(ctypes.byref(value), number, device)
    return value.value


def _driver(cuda: ctypes.CDLL) -> str:
    try:
        words = _DRIVER_FILE.read_text().splitlines()[0].split()
    except (OSError, IndexError):
        words = []
    numbers = [w for w in words if w[0].isdigit() and "." in w and w.replace(".", "").isdigit()]
    if numbers:
        return numbers[0]
    value = ctypes.c_int()
    cuda.cuDriverGetVersion(ctypes.byref(value))
    return f"cuda {value.value // 1000}.{value.value % 1000 // 10}"
