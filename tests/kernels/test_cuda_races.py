"""Kernels with barriers have no data races: ThreadSanitizer watches eight threads a block."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from streammat_kernels.compile import UNITS, source
from tests.kernels.host_cuda import COMPILER, build

ROOT = Path(__file__).resolve().parents[2]
THREADED = [unit for unit in UNITS if "__syncthreads" in source(unit)]


def _sanitizer() -> str | None:
    if COMPILER is None:
        return None
    command = [COMPILER, "-print-file-name=libtsan.so"]
    path = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    return str(path.resolve()) if path.is_absolute() else None


def test_blocks_of_eight_threads_have_no_races() -> None:
    library = _sanitizer()
    if library is None:
        pytest.skip("no g++ with ThreadSanitizer")
    flags = ("-DSM_THREADS=8", "-fsanitize=thread")
    libraries = [f"{unit}={build(unit, *flags)}" for unit in THREADED]
    result = _run(library, libraries)
    if "unexpected memory mapping" in result.stderr:
        pytest.skip("ThreadSanitizer does not know this kernel's memory layout")
    races = re.findall(r"WARNING: ThreadSanitizer: (.*)\n[\s\S]*?#0 (.*)", result.stderr)
    assert not races, races[:5]
    assert "no races" in result.stdout, result.stderr[-3000:]


def _run(library: str, libraries: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "LD_PRELOAD": library,
        "TSAN_OPTIONS": "halt_on_error=0 exitcode=0 ignore_noninstrumented_modules=1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    command = [sys.executable, "-m", "tests.kernels.race_run", *libraries]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=environment, timeout=240
    )
