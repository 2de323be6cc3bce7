"""Numba's ``njit`` as every kernel takes it: without C entry points, with a cache to write to.

A kernel is compiled together with constants and kernels of other files, of which Numba's cache
knows nothing: it would go on with the old ones after an update. So what it keeps counts only as
long as no file of this package changes.

Numba keeps compiled kernels in ``NUMBA_CACHE_DIR``, beside the sources, or in the user's cache
folder, and refuses to decorate when none of them can be written. Then a folder of this process, its
helpers and nobody else takes their place, and is removed in the end.
"""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numba

__all__ = ["njit"]


def njit(**options: Any) -> Any:
    """Numba's decorator without the entry point for C that nobody calls: 7 % less to compile."""
    decorator: Any = numba.njit

    def compiled(function: Any) -> Any:
        kernel = decorator(no_cfunc_wrapper=True, **options)(function)
        # Numba has no public way to say what else a cached kernel was made from.
        file: Any = getattr(getattr(kernel, "_cache", None), "_cache_file", None)
        if hasattr(file, "_source_stamp"):
            file._source_stamp = (file._source_stamp, _SOURCES)
        return kernel

    return compiled


def _hash_of_sources() -> bytes:
    """Of all files of this package; takes some milliseconds."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        found.update(path.read_bytes())
    return found.digest()


_SOURCES = _hash_of_sources()


def _give_cache() -> None:
    """Have Numba find a place for the cache of a kernel of this package."""
    try:
        njit(cache=True)(_probe)
    except RuntimeError:
        folder = tempfile.mkdtemp(prefix="streammat-kernels-")  # for this user's eyes only
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        settings: Any = numba.config  # whose names are made at run time
        settings.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = folder


def _probe() -> None:
    """Never called."""


_give_cache()
