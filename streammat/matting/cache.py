"""Where compiled networks are kept between runs."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "engine_cache"]

CACHE_VARIABLE = "STREAMMAT_CACHE_DIR"


def engine_cache() -> Path | None:
    """The folder of compiled networks, made if need be.

    ``STREAMMAT_CACHE_DIR`` moves the program's whole cache, else it lies in the user's cache
    folder. None when it cannot be written: the network is then compiled anew in every run.
    """
    from platformdirs import user_cache_path

    moved = os.environ.get(CACHE_VARIABLE)
    folder = (Path(moved) if moved else user_cache_path("streammat", appauthor=False)) / "engines"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder if os.access(folder, os.W_OK) else None
