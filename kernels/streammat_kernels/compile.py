"""CUDA sources become functions: compiled by NVRTC on their first call, kept on disk as cubins.

One ``.cuh`` file an op is one compilation. A cubin is found again by the hash of its whole source
(includes resolved), the architecture, the options and the compiler's version, and is written under
a temporary name and renamed, so that processes which start together do not disturb each other.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import re
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import DependencyError, DeviceUnavailable

__all__ = ["INSTALL", "OPTIONS", "UNITS", "cubin_folder", "function", "source"]

OPTIONS = ("--std=c++17", "--extra-device-vectorization")
INSTALL = "pip install 'streammat[cuda]'"
UNITS = (
    "colour",
    "resize",
    "fusion",
    "guided",
    "motion",
    "temporal",
    "refine",
    "composite",
    "despeckle",
    "finesse",
    "despill",
    "foreground",
    "blur",
    "compose",
    "crops",
    "augment",
    "lut",
    "light",
    "merge",
    "closed_form",
)

_HERE = Path(__file__).resolve().parent
_INCLUDE = re.compile(r'^#include "([^"]+)"\s*$', re.MULTILINE)

_KERNEL = re.compile(r"^SM_KERNEL .*?^}\n", re.MULTILINE | re.DOTALL)


@lru_cache(maxsize=64)
def source(unit: str) -> str:
    """The CUDA source of an op, everything that it includes in place, each file once.

    Another op's file brings its formulas, not its kernels.
    """
    return _resolved(_HERE / unit / f"{unit}.cuh", set())


def _resolved(path: Path, seen: set[Path]) -> str:
    path = path.resolve()
    if path in seen:
        return ""
    seen.add(path)
    text = path.read_text(encoding="utf-8").replace("#pragma once", "")
    if len(seen) > 1:
        text = _KERNEL.sub(lambda found: "\n" * found[0].count("\n"), text)
    name = path.relative_to(_HERE).as_posix()

    def included(found: re.Match[str]) -> str:
        after = text.count("\n", 0, found.end()) + 2
        return f'{_resolved(path.parent / found[1], seen)}#line {after} "{name}"'

    return f'#line 1 "{name}"\n{_INCLUDE.sub(included, text)}\n'


def cubin_folder() -> Path:
    """Where cubins are kept: ``STREAMMAT_CACHE_DIR``/kernels, else the user's cache, else a folder
    of this process.
    """
    from platformdirs import user_cache_path

    moved = os.environ.get("STREAMMAT_CACHE_DIR")
    folder = Path(moved) if moved else user_cache_path("streammat", appauthor=False)
    try:
        (folder / "kernels").mkdir(parents=True, exist_ok=True)
    except OSError:
        return _process_folder()
    return folder / "kernels" if os.access(folder / "kernels", os.W_OK) else _process_folder()


@lru_cache(maxsize=1)
def _process_folder() -> Path:
    """Where cubins lie when no cache can be written; compiled anew by every process."""
    folder = tempfile.mkdtemp(prefix="streammat-cubins-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def function(unit: str, kernel: str) -> int:
    """The driver's handle of a kernel on the current device; compiled and loaded when first asked.

    Raises:
        DependencyError: CuPy or NVRTC is missing.
        DeviceUnavailable: there is no device, or its driver does not take the code.
    """
    import cupy

    return _function(unit, kernel, int(cupy.cuda.Device().id))


@lru_cache(maxsize=1024)
def _function(unit: str, kernel: str, device: int) -> int:
    return int(_module(unit, device).get_function(kernel).ptr)


@lru_cache(maxsize=256)
def _module(unit: str, device: int) -> Any:
    import cupy

    capability = int(cupy.cuda.Device(device).compute_capability)
    path = compiled(unit, capability)
    try:
        # What cupy.RawModule wraps; its functions carry the handle that cuLaunchKernel wants.
        module = cupy.cuda.function.Module()
        module.load(path.read_bytes())
    except cupy.cuda.driver.CUDADriverError as error:
        raise DeviceUnavailable(
            f"the driver does not load the {unit} kernels for sm_{capability}: {error}; update the "
            f"driver, or remove {path.parent} and try again"
        ) from error
    return module


def compiled(unit: str, capability: int) -> Path:
    """The cubin of an op for a compute capability such as 90, from the cache or made now.

    A GPU that this NVRTC does not know yet gets PTX of the newest that it does, which the driver
    finishes.

    Raises:
        DependencyError: NVRTC is missing.
    """
    nvrtc = _nvrtc()
    known = [int(arch) for arch in nvrtc.getSupportedArchs()]
    is_known = capability in known
    options = (*OPTIONS, f"--gpu-architecture={'sm' if is_known else 'compute'}_{capability}")
    if not is_known:
        newest = max(arch for arch in known if arch < capability)
        options = (*OPTIONS, f"--gpu-architecture=compute_{newest}")
    text = source(unit)
    version = ".".join(map(str, nvrtc.getVersion()))
    key = hashlib.sha256("\n".join((version, *options, text)).encode()).hexdigest()[:32]
    path = cubin_folder() / f"{unit}-{key}.{'cubin' if is_known else 'ptx'}"
    if not path.is_file():
        _write(path, _compile(nvrtc, unit, text, options, is_known))
    return path


def _nvrtc() -> Any:
    try:
        from cupy.cuda import nvrtc

        nvrtc.getVersion()
    except Exception as error:  # CuPy's loader raises several kinds, ImportError among them
        raise DependencyError(
            f"NVRTC, which compiles the GPU kernels, was not found ({error.__class__.__name__}); "
            f"{INSTALL}"
        ) from error
    return nvrtc


def _compile(nvrtc: Any, unit: str, text: str, options: tuple[str, ...], to_cubin: bool) -> bytes:
    program = nvrtc.createProgram(text, f"{unit}.cuh", (), ())
    try:
        nvrtc.compileProgram(program, options)
        code: bytes | str = nvrtc.getCUBIN(program) if to_cubin else nvrtc.getPTX(program)
    except nvrtc.NVRTCError as error:
        log = nvrtc.getProgramLog(program)
        raise AssertionError(f"{unit}.cuh does not compile with {options}:\n{log}") from error
    finally:
        nvrtc.destroyProgram(program)
    return code.encode() if isinstance(code, str) else code


def _write(path: Path, content: bytes) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
