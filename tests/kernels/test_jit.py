"""Kernels compile wherever the program runs, also where nothing can be written."""

from __future__ import annotations

import subprocess
import sys

NOTHING_WRITABLE = """
import tempfile
make = tempfile.TemporaryFile
def refuse(dir=None, **options):
    if dir is not None and not str(dir).startswith(tempfile.gettempdir() + "/streammat-kernels-"):
        raise PermissionError(13, "read-only", dir)
    return make(dir=dir, **options)
tempfile.TemporaryFile = refuse
import os
import streammat_kernels.fusion.cpu as cpu
assert os.path.isdir(os.environ["NUMBA_CACHE_DIR"])
print(os.environ["NUMBA_CACHE_DIR"])
assert cpu.fuse_tt.stats.cache_path.startswith(os.environ["NUMBA_CACHE_DIR"])
"""


def test_a_read_only_installation_gets_a_cache_of_its_own_that_it_removes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOTHING_WRITABLE], capture_output=True, text=True, check=True
    )
    assert "streammat-kernels-" in done.stdout
    check = f"import os; assert not os.path.exists({done.stdout.strip()!r})"
    subprocess.run([sys.executable, "-c", check], check=True)


def test_a_writable_installation_keeps_its_cache() -> None:
    code = (
        "import os; before = os.environ.get('NUMBA_CACHE_DIR'); import streammat_kernels.jit; "
        "assert os.environ.get('NUMBA_CACHE_DIR') == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
