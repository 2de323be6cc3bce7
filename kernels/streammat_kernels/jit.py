"""Numba's ``njit`` with a cache that can be written: every kernel takes it from here.

Numba keeps compiled kernels in ``NUMBA_CACHE_DIR``, beside the sources, or in the user's cache
folder, and refuses to decorate when none of them can be written. Then a folder of this process, its
helpers and nobody else takes their place, and is removed in the end.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any

from numba import config, njit

__all__ = ["njit"]


def _give_cache() -> None:
    """Have Numba find a place for the cache of a kernel of this package."""
    try:
        njit(cache=True)(_probe)
    except RuntimeError:
        folder = tempfile.mkdtemp(prefix="streammat-kernels-")  # for this user's eyes only
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        settings: Any = config  # whose names are made at run time
        settings.CACHE_DIR = os.environ["NUMBA_CACHE_DIR"] = folder


def _probe() -> None:
    """Never called."""


_give_cache()
