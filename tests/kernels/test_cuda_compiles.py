"""The CUDA kernels compile for every GPU generation in use, and keep everything in registers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from streammat_kernels.compile import OPTIONS, UNITS, source

NVCC, PTXAS = shutil.which("nvcc"), shutil.which("ptxas")
ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)
_ENTRY = re.compile(
    r"Function properties for (\w+)\s+(\d+) bytes stack frame, (\d+) bytes spill stores, "
    r"(\d+) bytes spill loads"
)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.skipif(NVCC is None or PTXAS is None, reason="no nvcc and ptxas")
def test_every_architecture_without_local_memory(unit: str, tmp_path: Path) -> None:
    assert NVCC is not None
    assert PTXAS is not None
    code, ptx = tmp_path / f"{unit}.cu", tmp_path / f"{unit}.ptx"
    code.write_text(source(unit))
    # One pass of the front end, for the oldest; ptxas then builds for each, as a driver would.
    _run([NVCC, "-std=c++17", "-arch=compute_75", "-ptx", str(code), "-o", str(ptx)])
    for architecture in ARCHITECTURES:
        report = _run([PTXAS, f"-arch=sm_{architecture}", "-v", str(ptx), "-o", "/dev/null"])
        found = _ENTRY.findall(report)
        assert found, f"ptxas says nothing of {unit}'s kernels:\n{report}"
        for kernel, *numbers in found:
            assert [int(number) for number in numbers] == [0, 0, 0], (
                f"{kernel} on sm_{architecture}: stack, spill stores, spill loads {numbers}"
            )


@pytest.mark.parametrize("unit", UNITS)
def test_nvrtc_takes_the_source_as_it_is_shipped(unit: str) -> None:
    pytest.importorskip("cupy", reason="no CuPy, whose NVRTC compiles at run time")
    from cupy.cuda import nvrtc

    try:
        nvrtc.getVersion()
    except Exception as error:  # CuPy's loader raises kinds of its own
        pytest.skip(f"no NVRTC library: {error.__class__.__name__}")
    for architecture in (90,) if NVCC else ARCHITECTURES:  # nvcc has been through all of them
        program = nvrtc.createProgram(source(unit), f"{unit}.cuh", (), ())
        try:
            nvrtc.compileProgram(program, (*OPTIONS, f"--gpu-architecture=sm_{architecture}"))
            assert len(nvrtc.getCUBIN(program)) > 1000
        except nvrtc.NVRTCError:
            pytest.fail(nvrtc.getProgramLog(program))
        finally:
            nvrtc.destroyProgram(program)


def _run(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stderr
