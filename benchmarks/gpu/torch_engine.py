"""PyTorch in TensorRT's place, so that frames' whole way on a GPU is tried without TensorRT, too.

It computes the very FP16 graph that TensorRT's builder gets, operator by operator, on the stream on
which the kernels run. Slower than an engine; it is a stand-in for one, not a rival.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from streammat.catalogue.cards import ModelCard
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.graph.half import half_graph
from streammat_engines.graph.module import graph_module
from streammat_engines.manifest import Manifest, TensorSpec

__all__ = ["TorchEngine", "open_with_torch"]


class TorchEngine:
    """A model at one size, batch 1; takes arrays of the GPU as `TensorRtEngine` does.

    Args:
        card: of the model.
        height, width: of the network.
        stream: CuPy's stream for everything; None: on the CPU, for tests.
        second_glance: as of `EngineRequest`.
    """

    requests = 1

    def __init__(
        self, card: ModelCard, height: int, width: int, stream: Any, *, second_glance: bool = False
    ) -> None:
        import torch

        graph = fixed_graph(card.path, height, width, second_glance=second_glance)
        planes = {
            item.name: item.type.tensor_type.shape.dim[1].dim_value
            for item in (*graph.graph.input, *graph.graph.output)
        }
        specs = tuple(TensorSpec(name, (1, n, height, width)) for name, n in planes.items())
        self._torch, self._stream = torch, stream
        self._module = graph_module(half_graph(graph) if stream is not None else graph)
        if stream is not None:
            self._module = self._module.cuda()
            torch.cuda.synchronize()
        self.manifest = Manifest(
            *(card.name, card.sha256, f"torch {torch.__version__}", "GPU", "f16"),
            *(specs[:1], specs[1:]),
            requests=1,
            threads=0,
        )

    def submit(self, inputs: Any, outputs: Any) -> None:
        """Give one picture to the stream and return."""
        torch = self._torch
        with torch.inference_mode(), self._on_stream():
            found = self._module(torch.from_dlpack(inputs["rgb"]))
            for spec, values in zip(self.manifest.outputs, found, strict=True):
                torch.from_dlpack(outputs[spec.name]).copy_(values)

    def wait(self, _: object) -> None:
        """Block until the stream is through."""
        if self._stream is not None:
            self._stream.synchronize()

    def run(self, inputs: Any, outputs: Any) -> None:
        """Submit one picture and wait for it."""
        self.submit(inputs, outputs)
        self.wait(None)

    def close(self) -> None:
        """Wait for what is under way."""
        self.wait(None)

    def _on_stream(self) -> AbstractContextManager[Any]:
        if self._stream is None:
            return nullcontext()
        cuda: Any = self._torch.cuda
        stream: AbstractContextManager[Any] = cuda.stream(cuda.ExternalStream(self._stream.ptr))
        return stream


def open_with_torch(
    card: ModelCard, width: int, height: int, *, second_glance: bool = False, say: object = None
) -> Any:
    """What `streammat.matting.passes.tensorrt.open_on_gpu` gives, with PyTorch inside."""
    del say  # nothing is built
    from streammat_engines.tensorrt.cuda import CupyCuda
    from streammat_engines.tensorrt.host import HostEngine
    from streammat_kernels.staging import CupyStaging

    stream = CupyCuda().stream()
    engine: Any = TorchEngine(card, height, width, stream, second_glance=second_glance)
    return HostEngine(engine, CupyStaging(stream))
