"""One FP32 ONNX graph of a fixed size and batch through TensorRT 8.6, for hosts that RTX refuses.

``py310/bin/python3.10 benchmarks/gpu/trt86.py GRAPH.onnx RGB.raw OUT.json`` runs under the packed
CPython 3.10, so it imports nothing of this project; CUDA is called through ctypes. ``RGB.raw`` is
float32 (B, 3, H, W); outputs are written beside ``OUT.json`` as NAME.raw. It is timed launch by
launch, then as a CUDA graph. Make the graph with ``streammat_engines.graph.half.scaled_graph`` and
the pictures with NumPy's ``tofile``.
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WARM_UPS, REPEATS, CALLS = 100, 5, 200


class Cuda:
    """The few calls of the CUDA runtime that are needed; every failure is a RuntimeError."""

    def __init__(self) -> None:
        names = ("libcudart.so.13", "libcudart.so.12", "libcudart.so")
        for name in (*names, "/usr/local/cuda/lib64/libcudart.so"):
            try:
                self._library = ctypes.CDLL(name)
                return
            except OSError:
                continue
        sys.exit("no CUDA runtime was found")

    def call(self, name: str, *arguments: Any) -> None:
        """One function by name."""
        code = getattr(self._library, name)(*arguments)
        if code:
            raise RuntimeError(f"{name}: CUDA error {code}")

    def memory(self, size: int) -> ctypes.c_void_p:
        """Device memory."""
        pointer = ctypes.c_void_p()
        self.call("cudaMalloc", ctypes.byref(pointer), ctypes.c_size_t(size))
        return pointer

    def event(self) -> ctypes.c_void_p:
        """An event with timing."""
        pointer = ctypes.c_void_p()
        self.call("cudaEventCreate", ctypes.byref(pointer))
        return pointer

    def graph(self, stream: ctypes.c_void_p, work: Callable[[], object]) -> ctypes.c_void_p:
        """What ``work`` gives to the stream, to be launched in one go."""
        captured, graph = ctypes.c_void_p(), ctypes.c_void_p()
        self.call("cudaStreamBeginCapture", stream, 1)  # of this thread alone
        try:
            work()
        finally:
            self.call("cudaStreamEndCapture", stream, ctypes.byref(captured))
        flags = ctypes.c_ulonglong(0)
        self.call("cudaGraphInstantiateWithFlags", ctypes.byref(graph), captured, flags)
        return graph


def build(trt: Any, log: Any, graph: bytes) -> Any:
    """An FP16 plan; pooling, means and sigmoids stay FP32."""
    builder = trt.Builder(log)
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.EXPLICIT_BATCH))
    parser = trt.OnnxParser(network, log)
    if not parser.parse(graph):
        sys.exit("\n".join(str(parser.get_error(i)) for i in range(parser.num_errors)))
    config = builder.create_builder_config()
    config.set_flag(trt.BuilderFlag.FP16)
    config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, 4 << 30)
    sources = trt.TacticSource  # without cuBLAS 12 and cuDNN 8, which such hosts lack
    config.set_tactic_sources(
        1 << int(sources.EDGE_MASK_CONVOLUTIONS) | 1 << int(sources.JIT_CONVOLUTIONS)
    )
    config.clear_flag(trt.BuilderFlag.TF32)
    for index in range(network.num_layers):
        layer = network.get_layer(index)
        kept = layer.type in (trt.LayerType.MATRIX_MULTIPLY, trt.LayerType.REDUCE)
        if layer.type == trt.LayerType.ACTIVATION:
            layer.__class__ = trt.IActivationLayer  # the binding's own way to the subclass
            kept = layer.type == trt.ActivationType.SIGMOID
        if kept:
            layer.precision = trt.float32
    config.set_flag(trt.BuilderFlag.OBEY_PRECISION_CONSTRAINTS)
    return builder.build_serialized_network(network, config)


def timed(cuda: Cuda, work: Callable[[], object], stream: ctypes.c_void_p) -> dict[str, Any]:
    """Milliseconds a call of every repeat, and when they were measured."""
    begun = time.monotonic()  # the same clock in every process
    for _ in range(WARM_UPS):
        work()
    start, end, times = cuda.event(), cuda.event(), []
    for _ in range(REPEATS):
        cuda.call("cudaEventRecord", start, stream)
        for _ in range(CALLS):
            work()
        cuda.call("cudaEventRecord", end, stream)
        cuda.call("cudaEventSynchronize", end)
        elapsed = ctypes.c_float()
        cuda.call("cudaEventElapsedTime", ctypes.byref(elapsed), start, end)
        times.append(elapsed.value / CALLS)
    return {"ms": times, "moments": (begun, time.monotonic())}


def both_ways(cuda: Cuda, context: Any, stream: ctypes.c_void_p) -> dict[str, Any]:
    """Launch by launch, then as a CUDA graph, or why there is none."""

    def work() -> None:
        if not context.execute_async_v3(stream.value):
            raise RuntimeError("TensorRT did not run the plan")

    found: dict[str, Any] = {"plain": timed(cuda, work, stream)}
    try:
        graph = cuda.graph(stream, work)
        found["graph"] = timed(cuda, lambda: cuda.call("cudaGraphLaunch", graph, stream), stream)
    except RuntimeError as error:
        found["graph_refusal"] = str(error)
    return found


def main(graph: str, picture: str, out: str) -> None:
    """Build, run, time, write."""
    import tensorrt as trt

    log, cuda, begun = trt.Logger(trt.Logger.WARNING), Cuda(), time.time()
    plan = build(trt, log, Path(graph).read_bytes())
    if plan is None:
        sys.exit("TensorRT made no plan; its words are above")
    seconds = time.time() - begun
    engine = trt.Runtime(log).deserialize_cuda_engine(plan)
    context, buffers = engine.create_execution_context(), {}
    for index in range(engine.num_io_tensors):
        name = engine.get_tensor_name(index)
        size = 4 * abs(trt.volume(engine.get_tensor_shape(name)))
        buffers[name] = (cuda.memory(size), size)
        context.set_tensor_address(name, buffers[name][0].value)
    data, (rgb, size) = Path(picture).read_bytes(), buffers["rgb"]
    if len(data) != size:
        sys.exit(f"{picture} has {len(data)} bytes, the graph takes {size}")
    cuda.call("cudaMemcpy", rgb, data, ctypes.c_size_t(size), 1)
    stream = ctypes.c_void_p()
    cuda.call("cudaStreamCreate", ctypes.byref(stream))
    times = both_ways(cuda, context, stream)
    for name, (pointer, size) in buffers.items():
        host = ctypes.create_string_buffer(size)
        cuda.call("cudaMemcpy", host, pointer, ctypes.c_size_t(size), 2)
        Path(out).with_name(f"{name}.raw").write_bytes(host.raw)
    facts = {"tensorrt": trt.__version__, "build_seconds": seconds, **times}
    Path(out).write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
