"""A data set looked through before a run needs it: headers always, all pixels where asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from streammat.datasets.faults import Faults
from streammat.datasets.reading import check_sizes, picture_size, read_layers, read_rgb
from streammat.datasets.samples import Sample
from streammat.errors import MediaError

__all__ = ["check_pixels", "usable_pictures", "usable_samples"]

_Item = TypeVar("_Item", Sample, Path)


def usable_samples(samples: Iterable[Sample], faults: Faults) -> list[Sample]:
    """Those whose files are pictures of one size, as their headers say; pixels are not decoded.

    Args:
        samples: in any order, which is kept.
        faults: takes the first file of each sample that is of no use.

    Raises:
        InputError: one is of no use and ``faults`` is strict.
    """
    return _usable(samples, check_sizes, faults)


def usable_pictures(paths: Iterable[Path], faults: Faults) -> list[Path]:
    """The same for single pictures, as backgrounds are."""
    return _usable(paths, picture_size, faults)


def check_pixels(
    samples: Sequence[Sample], pictures: Sequence[Path], faults: Faults, threads: int = 1
) -> None:
    """Decode everything as training does, and keep nothing.

    Args:
        samples, pictures: what to look at.
        faults: takes what cannot be decoded, and alphas that are none.
        threads: that decode.

    Raises:
        InputError: something is of no use and ``faults`` is strict.
    """
    with ThreadPoolExecutor(threads, "streammat-check") as pool:
        try:
            for _ in pool.map(lambda sample: _tried(read_layers, sample, faults), samples):
                pass
            for _ in pool.map(lambda path: _tried(read_rgb, path, faults), pictures):
                pass
        finally:
            pool.shutdown(cancel_futures=True)


def _usable(items: Iterable[_Item], look: Callable[[_Item], object], faults: Faults) -> list[_Item]:
    return [item for item in items if _tried(look, item, faults)]


def _tried(look: Callable[[_Item], object], item: _Item, faults: Faults) -> bool:
    try:
        look(item)
    except MediaError as error:
        faults.unreadable(error)
        return False
    return True
