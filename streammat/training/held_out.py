"""Pictures that are not trained on, read when they are asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np

from streammat.datasets import Faults, Sample
from streammat.datasets.reading import read_layers
from streammat.errors import MediaError
from streammat.training.cache import Bytes, Cache, Entry
from streammat.training.fingerprint import files_digest


class Example(NamedTuple):
    """A picture with its alpha, and what it is counted under."""

    name: str
    source: str
    rgb: Bytes  # (H, W, 3)
    alpha: Bytes  # (H, W)


class HeldOut(Protocol):
    """Examples by number; there may be none."""

    @property
    def fingerprint(self) -> str:
        """Tells the pictures apart: the best of a run is the best on the same ones."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int) -> Example: ...

    def sources(self) -> list[str]:
        """What they are counted under, each once, sorted."""


class CachedPairs:
    """The pairs of a cache that are kept back."""

    def __init__(self, cache: Cache, entries: Sequence[Entry]) -> None:
        self._cache, self._entries = cache, list(entries)

    @property
    def fingerprint(self) -> str:
        """See `HeldOut`."""
        names = "\n".join(entry.name for entry in self._entries)
        return hashlib.sha256(f"{self._cache.fingerprint}\n{names}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self._entries)

    def sources(self) -> list[str]:
        """See `HeldOut`."""
        return sorted({entry.source for entry in self._entries})

    def __getitem__(self, number: int) -> Example:
        entry = self._entries[number]
        pixels = self._cache.pixels(entry)
        rgb = np.ascontiguousarray(pixels[..., :3])
        return Example(entry.name, entry.source, rgb, pixels[..., 3])


class FolderPairs:
    """Pictures and alphas in folders.

    Args:
        samples: their files.
        faults: takes those that turn out to be unreadable.
    """

    def __init__(self, samples: Sequence[Sample], faults: Faults | None = None) -> None:
        self._samples, self._faults = list(samples), faults

    @property
    def fingerprint(self) -> str:
        """See `HeldOut`; as the files are now."""
        paths = (path for sample in self._samples for path in (sample.picture, sample.alpha))
        return files_digest((path.name, path) for path in paths)

    def __len__(self) -> int:
        return len(self._samples)

    def sources(self) -> list[str]:
        """See `HeldOut`: the folders' names."""
        return sorted({sample.picture.parent.name for sample in self._samples})

    def __getitem__(self, number: int) -> Example:
        """Read the files.

        Raises:
            MediaError: one cannot be read.
            InputError: the same, and the faults are strict.
        """
        sample = self._samples[number]
        try:
            layers = read_layers(sample)
        except MediaError as error:
            if self._faults is not None:
                self._faults.unreadable(error)
            raise
        return Example(sample.name, sample.picture.parent.name, layers.picture, layers.alpha)
