"""Which device computes, and how many CPU threads everything together may use."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from streammat.errors import ConfigError, DeviceUnavailable

__all__ = ["Device", "choose_device", "missing_for_cuda", "thread_budget"]

_CGROUP_ROOT = Path("/sys/fs/cgroup")
_CGROUP_SELF = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Device:
    """The device of a run and why it was taken.

    Attributes:
        kind: cpu or cuda.
        threads: CPU threads for network, kernels and codecs together.
        reason: one line for the user.
    """

    kind: Literal["cpu", "cuda"]
    threads: int
    reason: str


def choose_device(device: str = "auto", threads: int | None = None) -> Device:
    """Decide once, visibly and without a silent fallback.

    Args:
        device: auto, cpu or cuda.
        threads: CPU threads for everything; None means all that this process may use.

    Raises:
        DeviceUnavailable: cuda was asked for and something that it needs is missing.
        ConfigError: another name, or fewer than one thread.
    """
    budget = thread_budget(threads)
    if device == "cpu":
        return Device("cpu", budget, "cpu: as asked for")
    if device == "auto":
        return Device("cpu", budget, _auto_reason())
    if device == "cuda":
        if missing := missing_for_cuda():
            raise DeviceUnavailable(
                f"device cuda needs {'; '.join(missing)}; or use --device cpu or auto"
            )
        return Device("cuda", budget, "cuda: as asked for; new, and not yet proved on a GPU")
    raise ConfigError(f"device {device!r}: use auto, cpu or cuda")


def missing_for_cuda() -> list[str]:
    """What ``--device cuda`` lacks on this machine, each with its remedy; empty: nothing."""
    missing = []
    if not _nvidia_driver():
        missing.append("an NVIDIA GPU with its driver (none was found; nvidia.com/drivers)")
    packages = [name for name in ("cupy", "onnx", "filelock") if not _installed(name)]
    engines = [name for name in ("tensorrt", "tensorrt_rtx") if _installed(name)]
    if not engines:
        packages.insert(0, "tensorrt_rtx or tensorrt")
    if packages:
        extra = "tensorrt" if engines == ["tensorrt"] else "tensorrt-rtx"
        missing.append(f"{', '.join(packages)} (pip install 'streammat[{extra}]')")
    return missing


def _installed(package: str) -> bool:
    found = importlib.util.find_spec(package)
    return found is not None and found.origin is not None  # any folder of the name is "found"


def _auto_reason() -> str:
    """Why auto takes the CPU: the GPU path is new, so it has to be asked for."""
    if not (found := _nvidia_driver()):
        return "cpu: no NVIDIA driver found"
    if missing := missing_for_cuda():
        return f"cpu: {found}; --device cuda needs {'; '.join(missing)}"
    return f"cpu: {found}; --device cuda uses it, which is new and not yet proved"


def thread_budget(threads: int | None = None) -> int:
    """Threads for everything together: as asked for, else the cores this process may use.

    Affinity (taskset, ``PYTHON_CPU_COUNT``) and a container's CPU quota are honoured; a quota of
    2.5 cores gives 2.

    Raises:
        ConfigError: ``threads`` is below 1.
    """
    if threads is not None:
        if threads < 1:
            raise ConfigError(f"threads {threads}: use 1 or more, or leave it out for all cores")
        return threads
    cores = _usable_cores()
    quota = _quota_cores()
    return cores if quota is None else max(1, min(cores, int(quota)))


def _usable_cores() -> int:
    count = getattr(os, "process_cpu_count", None)  # Python 3.13
    if count is not None:
        return int(count() or 1)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota_cores() -> float | None:
    """The tightest CPU quota of the process's control groups (v2, then v1); None: unlimited."""
    try:
        lines = _CGROUP_SELF.read_text().splitlines()
    except OSError:
        return None
    quotas = [quota for line in lines for folder in _folders(line) if (quota := _quota_of(folder))]
    return min(quotas, default=None)


def _folders(line: str) -> list[Path]:
    """The control group's folder and its parents, for a line ``ID:CONTROLLERS:PATH``."""
    number, controllers, path = [*line.split(":", 2), "", ""][:3]
    if number == "0":
        root = _CGROUP_ROOT
    elif "cpu" in controllers.split(","):
        root = _CGROUP_ROOT / "cpu"
    else:
        return []
    folder = root / path.lstrip("/")
    return [folder, *(parent for parent in folder.parents if parent.is_relative_to(root))]


def _quota_of(folder: Path) -> float | None:
    """Cores that the quota of one control group stands for."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        return int(quota) / int(period) if int(quota) > 0 else None
    except (OSError, ValueError):  # absent, or "max"
        return None


def _nvidia_driver() -> str:
    """What shows an NVIDIA driver; empty when nothing does. Starts no program."""
    version = Path("/proc/driver/nvidia/version")
    if version.exists():
        return "an NVIDIA driver is loaded"
    if (
        os.name == "nt"
        and (Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32" / "nvcuda.dll").exists()
    ):
        return "an NVIDIA driver is installed"
    # Under WSL and in some virtual machines and sandboxes there is the library alone.
    return "an NVIDIA driver is installed" if _loads("libcuda.so.1") else ""


def _loads(library: str) -> bool:
    """Whether the system finds a library."""
    import ctypes

    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
