"""The engine seam: named arrays in, named arrays out, several requests in flight.

Every runtime sits behind this protocol. The caller owns all buffers, so that a frame's arrays are
allocated once and reused, and says itself how many frames are under way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.errors import ShapeError

from .errors import EngineError
from .manifest import Manifest, TensorSpec

__all__ = ["Arrays", "Engine", "Ticket", "check_arrays", "run"]

Arrays = Mapping[str, NDArray[np.float32]]


class Ticket(Protocol):
    """One submitted frame; redeemed exactly once by ``Engine.wait``."""

    @property
    def engine(self) -> Engine:
        """The engine that gave it."""


class Engine(Protocol):
    """A model, built for one size, that computes up to ``requests`` frames at the same time."""

    @property
    def manifest(self) -> Manifest:
        """What it was built from; ``manifest.inputs`` and ``.outputs`` are the shapes to bring."""

    @property
    def requests(self) -> int:
        """Frames computed at the same time; more may be submitted, they wait in line."""

    def submit(self, inputs: Arrays, outputs: Arrays) -> Ticket:
        """Start one frame and return at once.

        Args:
            inputs: float32, C-contiguous, exactly the names and shapes of ``manifest.inputs``; not
                to be changed until the ticket is redeemed.
            outputs: the same for ``manifest.outputs``; the engine writes straight into them.

        Raises:
            ShapeError: a name, shape, dtype or memory layout differs from the manifest's.
            EngineError: the engine is closed.
        """

    def wait(self, ticket: Ticket) -> None:
        """Block, without holding the GIL, until the ticket's outputs are written.

        Raises:
            EngineError: the frame failed, or the ticket was redeemed before.
        """

    def close(self) -> None:
        """Wait for what is under way and free everything; may be called again."""


def run(engine: Engine, inputs: Arrays, outputs: Arrays) -> None:
    """Submit one frame and wait for it."""
    engine.wait(engine.submit(inputs, outputs))


def check_arrays(specs: Sequence[TensorSpec], arrays: Arrays, role: str, writable: bool) -> None:
    """Raise ShapeError unless ``arrays`` are exactly what ``specs`` name.

    ``role`` is for the message: input or output.
    """
    names = [spec.name for spec in specs]
    if sorted(arrays) != sorted(names):
        raise ShapeError(f"engine {role}s {sorted(arrays)} given, {sorted(names)} expected")
    for spec in specs:
        fault = _fault(arrays[spec.name], spec.shape, writable)
        if fault:
            raise ShapeError(f"engine {role} {spec.name}: {fault}")


def _fault(array: NDArray[Any], shape: tuple[int, ...], writable: bool) -> str:
    if array.shape != shape:
        return f"shape {array.shape} given, {shape} expected"
    if array.dtype != np.float32:
        return f"dtype {array.dtype} given, float32 expected"
    if not array.flags.c_contiguous:
        return "rows must lie one after another in memory (C-contiguous)"
    if writable and not array.flags.writeable:
        return "the array is read-only"
    return ""


def closed_error(model: str) -> EngineError:
    """The error of using a closed engine."""
    return EngineError(f"the engine of {model} is closed: build a new one")
