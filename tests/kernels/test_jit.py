"""Kernels compile wherever the program runs, also where nothing can be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from streammat_kernels import jit

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


def test_a_cached_kernel_is_compiled_anew_when_another_file_of_the_package_changes(
    tmp_path: Path,
) -> None:
    """Constants of other files are compiled into kernels, as those of temporal/gates.py are."""
    package = tmp_path / "streammat_kernels"
    package.mkdir()
    (package / "__init__.py").write_text("")
    shutil.copy(Path(jit.__file__), package / "jit.py")
    (package / "user.py").write_text(
        "from .jit import njit\nfrom .numbers import VALUE\n"
        "@njit(cache=True)\ndef value():\n    return VALUE\n"
    )
    code = (
        "from streammat_kernels.user import value; "
        "print(value(), sum(value.stats.cache_hits.values()))"
    )
    said = []
    for number in (1, 1, 2):
        (package / "numbers.py").write_text(f"VALUE = {number}\n")
        environment = os.environ | {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("NUMBA_CACHE_DIR", None)
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        said.append(done.stdout.strip())
    assert said == ["1 0", "1 1", "2 0"]
