"""Streams that run what they were given only when somebody waits: late, as on a GPU."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from streammat_engines.errors import EngineMemoryError
from tests.engines.tensorrt.fake_trt import STREAMS

Work = Callable[[], None]


class FakeStream:
    def __init__(self) -> None:
        self.queue: list[Work] = []
        self.captured: list[Work] | None = None
        self._running = threading.RLock()  # several threads may wait; the work keeps its order
        STREAMS[id(self)] = self

    def give(self, work: Work) -> None:
        (self.queue if self.captured is None else self.captured).append(work)

    def run_one(self) -> None:
        with self._running:
            if self.queue:
                self.queue.pop(0)()

    def run_all(self) -> None:
        while self.queue:
            self.run_one()


class FakeCuda:
    """A GPU with ``free_bytes`` of memory; counts captures and launches."""

    def __init__(self, free_bytes: int = 1 << 20) -> None:
        self.free_bytes = free_bytes
        self.allocated: list[int] = []
        self.captures = self.launches = 0

    def stream(self) -> FakeStream:
        return FakeStream()

    def stream_pointer(self, stream: FakeStream) -> int:
        return id(stream)

    def allocate(self, size_bytes: int) -> Any:
        if size_bytes > self.free_bytes:
            raise EngineMemoryError(f"no {size_bytes} bytes")
        self.allocated.append(size_bytes)
        return bytearray(1)

    def memory_pointer(self, memory: Any) -> int:
        return id(memory)

    def record(self, stream: FakeStream) -> FakeStream:
        return stream

    def synchronise(self, event: FakeStream) -> None:
        event.run_all()

    def capture(self, stream: FakeStream, work: Work) -> list[Work]:
        self.captures += 1
        stream.captured = []
        work()
        graph, stream.captured = stream.captured, None
        return graph

    def launch(self, graph: list[Work], stream: FakeStream) -> None:
        self.launches += 1
        stream.queue += graph
