"""When the GPU's memory is too small: half the batch, and again, then tiles; said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import EngineMemoryError

__all__ = ["open_within_memory"]

T = TypeVar("T")


def open_within_memory(
    open_batch: Callable[[int], T],
    batch: int,
    open_tiles: Callable[[], T] | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[T, int]:
    """Open an engine with the largest batch that fits.

    Args:
        open_batch: opens the engine for a batch; raises EngineMemoryError where it does not fit.
        batch: the one wanted.
        open_tiles: opens an engine that computes a picture in tiles; None: there is none.
        say: gets one line, when less than asked for is used.

    Returns:
        The engine and its batch (1 for tiles).

    Raises:
        EngineMemoryError: not even the last resort fits.
    """
    tried = batch
    while True:
        try:
            engine = open_batch(tried)
        except EngineMemoryError:
            if tried > 1:
                tried //= 2
                continue
            if open_tiles is None:
                raise
            engine = open_tiles()
            say(f"GPU memory is too small for whole pictures (batch {batch}): computing in tiles")
            return engine, 1
        if tried != batch:
            say(f"GPU memory is too small for batch {batch}: using {tried}")
        return engine, tried
