"""A plan that runs: device pointers in and out, no copies, one CUDA graph for each set of buffers.

Buffers are the caller's and are made once, so the same addresses come again and again: the second
time a graph is captured, afterwards one launch replaces a hundred. A captured graph belongs to its
execution context, which must not change any more; so each set of buffers has a context of its own,
and all contexts of a lane share one piece of device memory, since its stream runs them in turn.
"""

from __future__ import annotations

import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from streammat_kernels.errors import ShapeError

from ..engine import Ticket, closed_error
from ..errors import EngineError, EngineFileError, EngineMemoryError
from .api import Api
from .cuda import Cuda, address
from .log import is_out_of_memory, make_log
from .plan import PlanManifest, PlanTensor

__all__ = ["DeviceArrays", "TensorRtEngine", "TensorRtTicket"]

DeviceArrays = Mapping[str, Any]  # arrays with __cuda_array_interface__, float32, C-contiguous
_CELLS = 8  # sets of buffers that a lane keeps graphs for


@dataclass(slots=True, eq=False)
class TensorRtTicket:
    """One submitted batch; keeps its arrays alive until it is redeemed."""

    engine: TensorRtEngine
    event: Any
    arrays: tuple[DeviceArrays, DeviceArrays]
    redeemed: bool = False


@dataclass(slots=True, eq=False)
class _Cell:
    """One set of buffers: its own context, and its graph from the second use on.

    ``memory`` is its own where its batch needs more than the largest one, which the lane's is for:
    TensorRT may choose other kernels for each batch.
    """

    context: Any
    memory: Any = None
    graph: Any = None
    used: int = 0


@dataclass(slots=True, eq=False)
class _Lane:
    """A stream, the device memory of its contexts, and the sets of buffers it has met."""

    stream: Any
    memory: Any
    size_bytes: int = 0
    spare: Any = None  # the context that showed how much memory is needed; the first cell's
    cells: OrderedDict[tuple[int, ...], _Cell] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)


class TensorRtEngine:
    """A GFM plan on the GPU; satisfies `Engine` with device arrays.

    Args:
        plan: as `cache.PlanEntry.read` gives it.
        manifest: of the plan.
        api: the release that built it.
        cuda: the GPU.
        contexts: batches computed at the same time, each on its own stream.
        max_batch: of what is submitted, within the plan's; less needs less memory.
        graphs: capture CUDA graphs.
        stream: one stream of the caller's for everything; then ``contexts`` is 1.
        say: gets a line when CUDA graphs are given up.

    Attributes:
        graphs: whether sets of buffers that are met from now on get a CUDA graph.
        graph_refusal: why CUDA graphs were given up, as TensorRT or CUDA says it; empty: they were
            not. Everything is computed all the same, by a launch a kernel.

    Raises:
        EngineFileError: the plan is of another release or GPU.
        EngineError: it is not what its manifest says, or gives no execution context.
        EngineMemoryError: the GPU's memory is too small.
        ShapeError: the plan takes no batch as small as ``max_batch``.
    """

    def __init__(
        self,
        plan: bytes,
        manifest: PlanManifest,
        api: Api,
        cuda: Cuda,
        *,
        contexts: int = 1,
        max_batch: int | None = None,
        graphs: bool = True,
        stream: Any = None,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.plan_manifest = manifest
        self.requests = 1 if stream is not None else max(1, contexts)
        self.manifest = manifest.engine_manifest(self.requests)
        self.max_batch = _largest(manifest, max_batch)
        self._api, self._cuda, self.graphs, self._say = api, cuda, graphs, say
        self._log = make_log(api.trt)
        self.graph_refusal = ""
        self._runtime, self._engine = self._load(plan)
        self._new_context: Callable[[], Any] | None = api.contexts(self._engine)
        self._check_tensors()
        streams = [cuda.stream() for _ in range(self.requests)] if stream is None else [stream]
        self._lanes = [self._lane(stream) for stream in streams]
        self._turn = itertools.cycle(self._lanes)
        self._lock = threading.Lock()
        self._closed = False

    @property
    def streams(self) -> tuple[Any, ...]:
        """The streams that batches run on, in turn."""
        return tuple(lane.stream for lane in self._lanes)

    def submit(self, inputs: DeviceArrays, outputs: DeviceArrays) -> TensorRtTicket:
        """Start one batch and return at once; all arrays have the same first length.

        Raises:
            ShapeError: a name, shape, dtype or memory layout that does not belong here.
            EngineError: the engine is closed, or TensorRT refused.
        """
        batch = self._batch(inputs, outputs)
        with self._lock:
            if self._closed:
                raise closed_error(self.manifest.model)
            lane = next(self._turn)
        with lane.lock:
            self._enqueue(lane, batch, {**inputs, **outputs})
            event = self._cuda.record(lane.stream)
        return TensorRtTicket(self, event, (inputs, outputs))

    def wait(self, ticket: Ticket) -> None:
        """Block until the ticket's outputs are written; see `Engine.wait`."""
        if not isinstance(ticket, TensorRtTicket) or ticket.engine is not self or ticket.redeemed:
            raise EngineError("a ticket is redeemed once, at the engine that gave it")
        ticket.redeemed = True
        self._cuda.synchronise(ticket.event)
        ticket.arrays = ({}, {})

    def run(self, inputs: DeviceArrays, outputs: DeviceArrays) -> None:
        """Submit one batch and wait for it."""
        self.wait(self.submit(inputs, outputs))

    def captured(self, inputs: DeviceArrays, outputs: DeviceArrays) -> bool:
        """Whether these buffers are computed by a CUDA graph."""
        key = self._key(self._batch(inputs, outputs), {**inputs, **outputs})
        cells = (lane.cells.get(key) for lane in self._lanes)
        return any(cell is not None and cell.graph is not None for cell in cells)

    def close(self) -> None:
        """Wait for what is under way and free everything; may be called again."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for lane in self._lanes:
            with lane.lock:
                self._cuda.synchronise(self._cuda.record(lane.stream))
                lane.cells.clear()
                lane.memory = lane.spare = None
        self._new_context = None
        self._engine = self._runtime = None

    def _load(self, plan: bytes) -> tuple[Any, Any]:
        runtime = self._api.trt.Runtime(self._log)
        engine = runtime.deserialize_cuda_engine(plan)
        if engine is None:
            made = self.plan_manifest
            if is_out_of_memory(self._log.reason()):
                raise self._no_memory("the engine")
            raise EngineFileError(
                f"the engine of {made.model} for {made.gpu or 'any GPU'} ({made.backend} "
                f"{made.version}) cannot be loaded by {self._api.name}: "
                f"{self._log.reason() or 'no reason given'}; build it anew: {made.rebuilding}"
            )
        return runtime, engine

    def _check_tensors(self) -> None:
        """The plan has exactly the tensors of its manifest, all FP32."""
        count = self._engine.num_io_tensors
        found = {self._engine.get_tensor_name(index) for index in range(count)}
        known = {t.name for t in (*self.plan_manifest.inputs, *self.plan_manifest.outputs)}
        single = self._api.trt.DataType.FLOAT
        other = [n for n in sorted(found) if self._engine.get_tensor_dtype(n) != single]
        if found != known or other:
            raise EngineError(
                f"the plan of {self.manifest.model} has tensors {sorted(found)}, its manifest says "
                f"{sorted(known)}{f', and {other} are no float32' if other else ''}; build it "
                f"anew: {self.plan_manifest.rebuilding}"
            )

    def _lane(self, stream: Any) -> _Lane:
        """A lane with the memory that the largest batch needs."""
        context = self._context(self.max_batch)  # too little memory shows here, not at a frame
        if not self._api.shared_memory:
            return _Lane(stream, None, spare=context)
        size = max(int(context.update_device_memory_size_for_shapes()), 256)
        return _Lane(stream, self._cuda.allocate(size), size, context)

    def _context(self, batch: int, spare: Any = None) -> Any:
        assert self._new_context is not None, "the engine is closed"
        context = self._new_context() if spare is None else spare
        if context is None:
            reason, made = self._log.reason(), self.plan_manifest
            if is_out_of_memory(reason):
                raise self._no_memory("an execution context")
            raise EngineError(
                f"TensorRT gives no execution context of {made.model} "
                f"({reason or 'no reason given'}); build it anew: {made.rebuilding}"
            )
        for tensor in self.plan_manifest.inputs:
            if not context.set_input_shape(tensor.name, (batch, *tensor.shape[1:])):
                raise EngineError(f"{self.manifest.model}: batch {batch} is refused")
        return context

    def _no_memory(self, what: str) -> EngineMemoryError:
        return EngineMemoryError(
            f"the GPU's memory is too small for {what} of {self.manifest.model} "
            f"({self._log.reason() or 'no reason given'}): use a smaller --size or --batch, or "
            "close other programs on the GPU"
        )

    def _batch(self, inputs: DeviceArrays, outputs: DeviceArrays) -> int:
        """The common first length of all arrays, which are checked."""
        made = self.plan_manifest
        batches = set()
        for specs, arrays, role in ((made.inputs, inputs, "in"), (made.outputs, outputs, "out")):
            if sorted(arrays) != sorted(spec.name for spec in specs):
                expected = sorted(spec.name for spec in specs)
                raise ShapeError(f"engine {role}puts {sorted(arrays)} given, {expected} expected")
            batches |= {_checked(arrays[spec.name], spec) for spec in specs}
        low, high = made.batches[0], self.max_batch
        if len(batches) != 1 or not low <= min(batches) <= high:
            raise ShapeError(f"engine batch {sorted(batches)} given, {low}..{high} expected")
        return batches.pop()

    @staticmethod
    def _key(batch: int, arrays: DeviceArrays) -> tuple[int, ...]:
        return (batch, *(address(arrays[name]) for name in sorted(arrays)))

    def _enqueue(self, lane: _Lane, batch: int, arrays: dict[str, Any]) -> None:
        key = self._key(batch, arrays)
        cell = lane.cells.get(key) or self._cell(lane, key, batch, arrays)
        lane.cells.move_to_end(key)
        cell.used += 1
        if self.graphs and cell.graph is None and cell.used > 1:
            cell = self._captured(lane, cell, key, batch, arrays)
        if cell.graph is not None:
            self._cuda.launch(cell.graph, lane.stream)
        else:
            self._execute(lane, cell)

    def _cell(self, lane: _Lane, key: tuple[int, ...], batch: int, arrays: dict[str, Any]) -> _Cell:
        context, lane.spare = self._context(batch, lane.spare), None
        memory, size = lane.memory, lane.size_bytes
        if memory is not None:
            needed = int(context.update_device_memory_size_for_shapes())
            if needed > size:
                memory, size = self._cuda.allocate(needed), needed
            context.set_device_memory(self._cuda.memory_pointer(memory), size)
        for name, array in arrays.items():
            if not context.set_tensor_address(name, address(array)):
                raise EngineError(f"{self.manifest.model}: the array of {name} is refused")
        if len(lane.cells) >= _CELLS:
            self._cuda.synchronise(self._cuda.record(lane.stream))  # the oldest may still run
            lane.cells.popitem(last=False)
        lane.cells[key] = _Cell(context, memory)
        return lane.cells[key]

    def _captured(
        self,
        lane: _Lane,
        cell: _Cell,
        key: tuple[int, ...],
        batch: int,
        arrays: dict[str, Any],
    ) -> _Cell:
        """The cell with its graph; where none is to be had, a fresh one, and no more are tried.

        The first run let TensorRT set itself up, which must not be captured; it is waited for.
        """
        self._cuda.synchronise(self._cuda.record(lane.stream))
        ask = getattr(cell.context, "is_stream_capturable", None)  # TensorRT-RTX alone has it
        try:
            if ask is not None and not ask(self._cuda.stream_pointer(lane.stream)):
                raise EngineError("TensorRT says that this plan cannot be captured")
            cell.graph = self._cuda.capture(lane.stream, lambda: self._execute(lane, cell))
        except Exception as error:  # CUDA's and TensorRT's own; it computes without graphs as well
            self.graphs = False
            self.graph_refusal = " ".join(str(error).split())[:300] or type(error).__name__
            self._say(
                f"{self.manifest.model}: no CUDA graph ({self.graph_refusal}); its kernels are "
                "launched one by one, which is slower"
            )
            del lane.cells[key]  # what a broken capture leaves in a context is not relied on
            return self._cell(lane, key, batch, arrays)
        return cell

    def _execute(self, lane: _Lane, cell: _Cell) -> None:
        if not cell.context.execute_async_v3(self._cuda.stream_pointer(lane.stream)):
            if is_out_of_memory(self._log.reason()):
                raise self._no_memory("a picture")
            raise EngineError(f"{self.manifest.model}: {self._log.reason() or 'TensorRT failed'}")


def _largest(made: PlanManifest, wanted: int | None) -> int:
    low, _, high = made.batches
    if wanted is not None and wanted < low:
        raise ShapeError(f"max_batch {wanted} given; the plan of {made.model} takes {low}..{high}")
    return high if wanted is None else min(wanted, high)


def _checked(array: Any, spec: PlanTensor) -> int:
    """The array's batch; its other lengths, dtype and layout are the spec's."""
    facts = array.__cuda_array_interface__
    shape = tuple(facts["shape"])
    if len(shape) != len(spec.shape) or shape[1:] != spec.shape[1:]:
        raise ShapeError(f"engine array {spec.name}: shape {shape} given, (B, *{spec.shape[1:]})")
    if facts["typestr"] != "<f4" or facts.get("strides") is not None:
        raise ShapeError(f"engine array {spec.name}: contiguous float32 is expected")
    return int(shape[0])
