"""Where compiled networks are kept between runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "cache_folder", "engine_cache"]

CACHE_VARIABLE = "STREAMMAT_CACHE_DIR"
KEPT_NETWORKS = 16


def cache_folder() -> Path:
    """The program's whole cache: ``STREAMMAT_CACHE_DIR``, else the user's cache folder."""
    from platformdirs import user_cache_path

    moved = os.environ.get(CACHE_VARIABLE)
    return Path(moved) if moved else user_cache_path("streammat", appauthor=False)


def engine_cache() -> Path | None:
    """The folder of compiled networks, made if need be.

    ``STREAMMAT_CACHE_DIR`` moves the program's whole cache, else it lies in the user's cache
    folder. None when it cannot be written: the network is then compiled anew in every run. Only the
    networks used last are kept: there is one for every size of picture, about 15 MB each.
    """
    folder = cache_folder() / "engines"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(folder, os.W_OK):
        return None
    _prune(folder)
    return folder


def _prune(folder: Path) -> None:
    """Remove the networks that were not used for longest; whoever has one open keeps it."""
    for _, blob in sorted(_used(folder), reverse=True)[KEPT_NETWORKS:]:
        with suppress(OSError):  # another run removed it, or Windows has it open
            blob.unlink()


def _used(folder: Path) -> Iterator[tuple[float, Path]]:
    """When each network was last read or written."""
    for blob in folder.glob("*.blob"):
        with suppress(OSError):
            status = blob.stat()
            yield max(status.st_atime, status.st_mtime), blob
