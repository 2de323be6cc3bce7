"""Runs a source and stages on threads with bounded queues between them, and ends them cleanly.

    runner = Runner()
    frames, mattes = runner.queue(2), runner.queue(2)
    runner.source("decode", reader, frames)
    runner.stage(refine, frames, mattes)
    runner.stage(encode, mattes)
    runner.run()

An error in any stage stops all others at once and is raised by ``run``; after one of the source,
what it gave before is finished first. The threads are joined before ``run`` returns, whatever
happened. ``stop_early`` ends the source and lets the rest drain.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from .queue import BoundedQueue, Drained, Pool, Stopped
from .stage import Stage, Turns
from .threads import name_thread
from .timings import Meter, StageTimings, merge

__all__ = ["Runner"]

T = TypeVar("T")
In = TypeVar("In")
Out = TypeVar("Out")

_TICK_SECONDS = 0.1


class _Abortable(Protocol):
    def abort(self) -> None: ...


class _Station(Generic[In, Out]):
    """A stage with its queues, the meters of its workers and their order."""

    def __init__(
        self,
        stage: Stage[In, Out],
        source: BoundedQueue[In],
        sinks: tuple[BoundedQueue[Out], ...],
        workers: int,
    ) -> None:
        self.stage = stage
        self.source = source
        self.sinks = sinks
        self.meters = [Meter() for _ in range(workers)]
        self.turns = Turns()
        self.taking = threading.Lock()
        self.left = workers
        self.current = -1

    def take(self) -> tuple[int, In]:
        with self.taking:
            item = self.source.get()
            self.current = self.turns.draw()
            return self.current, item

    def hand_on(self, number: int, result: Out) -> None:
        self.turns.wait(number)
        for sink in self.sinks:
            sink.put(result)
        self.turns.done()

    def leave(self) -> None:
        """The last worker out closes the queues behind it."""
        with self.taking:
            self.left -= 1
            if self.left:
                return
        for sink in self.sinks:
            sink.close()


class Runner:
    """The threads of one job."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self._abortables: list[_Abortable] = []
        self._meters: list[tuple[str, list[Meter]]] = []
        self._lock = threading.Lock()
        self._ended = threading.Condition()
        self._running = 0
        self._stop_source = threading.Event()
        self._error: BaseException | None = None
        self.interrupted = False
        self.source_ended = False

    def queue(self, depth: int) -> BoundedQueue[Any]:
        """A queue that an error in any stage ends."""
        queue: BoundedQueue[Any] = BoundedQueue(depth)
        self._abortables.append(queue)
        return queue

    def adopt(self, pool: Pool[T]) -> Pool[T]:
        """Let an error in any stage wake those who wait for this pool."""
        self._abortables.append(pool)
        return pool

    def source(self, name: str, items: Iterable[T], *sinks: BoundedQueue[T]) -> None:
        """Read ``items`` on a thread of its own and put each into every one of ``sinks``."""
        meter = Meter()
        self._meters.append((name, [meter]))
        self._add(name, partial(self._read, iter(items), sinks, meter))

    def stage(
        self,
        stage: Stage[In, Out],
        source: BoundedQueue[In],
        *sinks: BoundedQueue[Out],
        workers: int = 1,
    ) -> None:
        """Run ``stage`` on ``workers`` threads; results keep the order of the items."""
        station = _Station(stage, source, sinks, workers)
        self._abortables.append(station.turns)
        self._meters.append((stage.name, station.meters))
        for meter in station.meters:
            self._add(stage.name, partial(self._serve, station, meter))

    def run(self, tick: Callable[[], None] | None = None) -> None:
        """Start the threads, wait for all of them, raise the first error of any.

        The first Ctrl-C sets ``interrupted`` and stops the source early; a second one, or one
        after ``stop_early``, is raised.

        Args:
            tick: called in this thread about ten times a second and once at the end; what it
                raises ends the job like an error of a stage.
        """
        self._running = len(self._threads)
        try:
            for thread in self._threads:
                thread.start()
            while not self._wait_politely():
                if tick is not None:
                    tick()
        except BaseException as error:
            self.fail(error)
            raise
        finally:
            self._join()
        if self._error is not None:
            raise self._error
        if tick is not None:
            tick()

    def stop_early(self) -> None:
        """End the source after its current item; what is under way is finished."""
        self._stop_source.set()

    def fail(self, error: BaseException) -> None:
        """Remember the first error and stop every thread."""
        self._remember(error)
        self._stop_source.set()
        for abortable in self._abortables:
            abortable.abort()

    def _remember(self, error: BaseException) -> None:
        with self._lock:
            if self._error is None:
                self._error = error

    def timings(self) -> tuple[StageTimings, ...]:
        """What each stage has done so far, in the order in which the stages were added."""
        return tuple(merge(name, meters) for name, meters in self._meters)

    def native_ids(self) -> set[int]:
        """System ids of the stages' own threads."""
        return {t.native_id for t in self._threads if t.native_id is not None}

    def _add(self, name: str, body: Callable[[], None]) -> None:
        thread = threading.Thread(target=self._guard, args=(name, body), name=name, daemon=True)
        self._threads.append(thread)

    def _guard(self, name: str, body: Callable[[], None]) -> None:
        name_thread(name)
        try:
            body()
        except Stopped:
            pass
        except BaseException as error:
            self.fail(error)
        finally:
            with self._ended:
                self._running -= 1
                self._ended.notify_all()

    def _read(self, items: Iterator[T], sinks: tuple[BoundedQueue[T], ...], meter: Meter) -> None:
        while not self._stop_source.is_set():
            try:
                item = meter.work(next, items)
            except StopIteration:
                self.source_ended = True
                break
            except Exception as error:
                self._remember(error)
                break
            meter.frames += 1
            for sink in sinks:
                meter.waiting_out(sink.put, item)
        for sink in sinks:
            sink.close()

    def _serve(self, station: _Station[In, Out], meter: Meter) -> None:
        number = -1
        try:
            while True:
                number, item = meter.waiting_in(station.take)
                result = meter.work(station.stage.process, item)
                meter.frames += 1
                del item  # the plate must not live on in this frame while the thread waits
                meter.waiting_out(station.hand_on, number, result)
                del result
        except Drained:
            station.leave()
        except Stopped:
            raise
        except BaseException as error:
            error.add_note(f"in stage '{station.stage.name}', item {number}")
            raise

    def _wait_politely(self) -> bool:
        """Wait a tick; the first Ctrl-C ends the source and lets the rest drain."""
        try:
            return self._wait_for_end()
        except KeyboardInterrupt:
            if self.interrupted or self._stop_source.is_set():
                raise
            self.interrupted = True
            self.stop_early()
            return False

    def _wait_for_end(self) -> bool:
        with self._ended:
            return self._ended.wait_for(lambda: self._running == 0, _TICK_SECONDS)

    def _join(self) -> None:
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
