"""When the GPU's memory is too small: half the batch, and again, then tiles; said once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from streammat_kernels.errors import DeviceMemoryError

__all__ = ["open_within_memory"]

T = TypeVar("T")


def open_within_memory(
    open_batch: Callable[[int], T],
    batch: int,
    open_tiles: Callable[[], T] | None = None,
    say: Callable[[str], None] = lambda _: None,
    *,
    lowest: int = 1,
    release: Callable[[], None] = lambda: None,
) -> tuple[T, int]:
    """Open an engine with the largest batch that fits.

    Args:
        open_batch: opens the engine for a batch; raises DeviceMemoryError where it does not fit,
            and keeps nothing then.
        batch: the one wanted.
        open_tiles: opens an engine that computes a picture in tiles; None: there is none.
        say: gets one line, when less than asked for is used.
        lowest: the smallest batch that the plan takes.
        release: called before something smaller is tried, to give back memory that is kept for
            reuse: TensorRT's own allocations cannot use it.

    Returns:
        The engine and its batch (1 for tiles).

    Raises:
        DeviceMemoryError: not even the last resort fits.
    """
    tried = batch
    while True:
        try:
            engine = open_batch(tried)
        except DeviceMemoryError:
            if tried <= lowest and open_tiles is None:
                raise
        else:
            if tried != batch:
                say(f"GPU memory is too small for batch {batch}: using {tried}")
            return engine, tried
        # Only here is the error forgotten, and with it every frame that held what did not fit.
        release()
        if tried <= lowest:
            break
        tried = max(tried // 2, lowest)
    assert open_tiles is not None, "raised above"
    engine = open_tiles()
    say(f"GPU memory is too small for whole pictures (batch {batch}): computing in tiles")
    return engine, 1
