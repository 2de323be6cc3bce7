"""A TensorRT engine for arrays in ordinary memory: upload, run, download, on one stream.

It satisfies `Engine` exactly, so that whatever drives the CPU engine drives this one. Who keeps
pictures on the GPU takes ``engine`` and ``staging`` out of it and leaves the copies away. Untried
on a GPU so far; ``STREAMMAT_REQUIRE_CUDA=1 pytest tests/gpu`` compares mattes of both.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from streammat_kernels.staging import Staging

from ..engine import Arrays, Ticket, check_arrays
from ..errors import EngineError
from .runner import TensorRtEngine

__all__ = ["HostEngine"]


@dataclass(slots=True, eq=False)
class _Slot:
    """One frame's device buffers and pinned buffers, made once."""

    inputs: dict[str, Any]
    outputs: dict[str, Any]
    staged_in: dict[str, Any]
    staged_out: dict[str, Any]


@dataclass(slots=True, eq=False)
class _HostTicket:
    engine: HostEngine
    slot: _Slot
    event: Any
    outputs: Arrays
    redeemed: bool = False


class HostEngine:
    """Batch-1 frames in ordinary memory on an engine that has one stream of the caller's.

    Args:
        engine: opened with ``stream``.
        staging: of the very stream.

    Attributes:
        engine, staging: as given; both take arrays of the GPU.
    """

    def __init__(self, engine: TensorRtEngine, staging: Staging) -> None:
        self.engine, self.staging = engine, staging
        self.manifest = engine.manifest
        self.requests = 1
        self._idle: list[_Slot] = []
        self._lock = threading.Lock()

    def submit(self, inputs: Arrays, outputs: Arrays) -> _HostTicket:
        """Start one frame and return at once; see `Engine.submit`."""
        check_arrays(self.manifest.inputs, inputs, "input", writable=False)
        check_arrays(self.manifest.outputs, outputs, "output", writable=True)
        with self._lock:
            slot = self._idle.pop() if self._idle else self._slot()
            for name, array in inputs.items():
                slot.staged_in[name][...] = array
                self.staging.upload(slot.staged_in[name], slot.inputs[name])
            self.engine.submit(slot.inputs, slot.outputs)
            for name, device in slot.outputs.items():
                self.staging.download(device, slot.staged_out[name])
            event = self.staging.record()
        return _HostTicket(self, slot, event, outputs)

    def wait(self, ticket: Ticket) -> None:
        """Block until the ticket's outputs are written; see `Engine.wait`."""
        if not isinstance(ticket, _HostTicket) or ticket.engine is not self or ticket.redeemed:
            raise EngineError("a ticket is redeemed once, at the engine that gave it")
        ticket.redeemed = True
        self.staging.synchronise(ticket.event)
        for name, array in ticket.outputs.items():
            array[...] = ticket.slot.staged_out[name]
        with self._lock:
            self._idle.append(ticket.slot)

    def run(self, inputs: Arrays, outputs: Arrays) -> None:
        """Submit one frame and wait for it."""
        self.wait(self.submit(inputs, outputs))

    def try_out(self) -> None:
        """Compute a black picture: what does not fit into memory, or does not run, shows now.

        Kernels that are compiled when first used are compiled here, and no frame waits for them.

        Raises:
            DeviceMemoryError: the GPU's memory is full; the engine is closed.
            EngineError: it does not run; the engine is closed.
        """
        inputs, outputs = (
            {t.name: np.zeros(t.shape, np.float32) for t in tensors}
            for tensors in (self.manifest.inputs, self.manifest.outputs)
        )
        try:
            self.run(inputs, outputs)
        except BaseException:
            self.close()
            raise
        self._idle.clear()  # who keeps pictures on the GPU has buffers of its own

    def close(self) -> None:
        """Wait for what is under way and free everything; may be called again."""
        self.engine.close()
        self._idle.clear()

    def _slot(self) -> _Slot:
        made, staging = self.manifest, self.staging
        return _Slot(
            {t.name: staging.empty(t.shape, "f4") for t in made.inputs},
            {t.name: staging.empty(t.shape, "f4") for t in made.outputs},
            {t.name: staging.pinned(t.shape, "f4") for t in made.inputs},
            {t.name: staging.pinned(t.shape, "f4") for t in made.outputs},
        )
