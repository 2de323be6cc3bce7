"""Measures a freshly built FP16 plan against FP32, on the GPU where there is one.

Without a GPU the very graph that was built is computed on the CPU with every half tensor rounded
(`graph.emulate`): overflow, NaN and lost precision of the graph show there, kernels' own do not.
On a GPU a plan of any batch is judged at its smallest and its largest, whose kernels may differ.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.errors import DependencyError

from ..accuracy import Accuracy, Network, Outputs, Variant, compare
from ..graph.blame import layer_errors, worst_layers
from ..graph.emulate import CpuGraph, rounded_graph
from ..graph.fixed import IMAGE_INPUT, fixed_graph
from ..graph.half import half_graph
from .build import BuiltPlan
from .request import EngineRequest

__all__ = ["PlanJudge", "as_network", "blamed_layers", "every_place"]

ON_CPU = "CPU: the FP16 graph, every tensor rounded to half"
ON_GPU = "GPU: the plan itself"
_BLAME_PX = 256  # longest side of the picture in which layers are compared: all tensors are kept

OpenPlan = Callable[[EngineRequest, BuiltPlan], Any]


@dataclass(frozen=True, slots=True)
class PlanJudge:
    """A `Judge`.

    Attributes:
        variant: how glance and focus are fused.
        open_plan: opens a plan as an engine for host arrays of the tensors' own batch; None: no
            GPU.
    """

    variant: Variant
    open_plan: OpenPlan | None = None

    def __call__(
        self, request: EngineRequest, built: BuiltPlan, frames: Sequence[NDArray[np.float32]]
    ) -> tuple[Accuracy, str] | None:
        """The accuracy and what it was measured on; None without a GPU and without ONNX Runtime."""
        if self.open_plan is None:
            return self._on_cpu(request, frames)
        latest: dict[str, NDArray[np.float32]] = {}

        def pictures() -> Iterator[NDArray[np.float32]]:
            for rgb, outputs in places:
                latest.update(outputs)
                yield rgb

        with closing(_every_batch(self.open_plan, request, built, frames)) as places:
            reference = _remembered(_single(request))
            accuracy = compare(reference, lambda _: latest, pictures(), self.variant)
        accuracy.frames = len(frames)  # each at several places
        return self._explained(accuracy, request, frames), ON_GPU

    def _on_cpu(
        self, request: EngineRequest, frames: Sequence[NDArray[np.float32]]
    ) -> tuple[Accuracy, str] | None:
        single = request.graph_fp32()
        try:
            reference, candidate = CpuGraph(single), CpuGraph(rounded_graph(half_graph(single)))
        except DependencyError:
            return None
        accuracy = compare(_called(reference), _called(candidate), frames, self.variant)
        return self._explained(accuracy, request, frames), ON_CPU

    def _explained(
        self, accuracy: Accuracy, request: EngineRequest, frames: Sequence[NDArray[np.float32]]
    ) -> Accuracy:
        """With the layers to blame, where something is over the limits."""
        if accuracy.faults():
            try:
                accuracy = replace(accuracy, layers=blamed_layers(request.model, frames[0]))
            except DependencyError:
                accuracy = replace(accuracy, layers=("pip install onnxruntime names the layers",))
        return accuracy


def blamed_layers(model: Path, rgb: NDArray[np.float32]) -> tuple[str, ...]:
    """The layers that lose most, found on a small copy of ``rgb`` (1, 3, H, W)."""
    step = max(1, -(-max(rgb.shape[2:]) // _BLAME_PX))
    small = rgb[:, :, ::step, ::step]
    height, width = (length // 32 * 32 for length in small.shape[2:])
    small = np.ascontiguousarray(small[:, :, :height, :width])
    single = fixed_graph(model, height, width)
    return worst_layers(layer_errors(single, half_graph(single), small))


def _called(graph: CpuGraph) -> Network:
    return lambda rgb: graph({IMAGE_INPUT: rgb})


def _single(request: EngineRequest) -> Network:
    """FP32 on the CPU through OpenVINO; where that is missing, through ONNX Runtime."""
    from ..openvino import OpenVinoEngine

    try:
        shape, twice = (1, 3, request.height, request.width), request.second_glance
        return as_network(OpenVinoEngine(request.model, shape, second_glance=twice))
    except DependencyError as missing:
        try:
            return _called(CpuGraph(request.graph_fp32()))
        except DependencyError:
            raise missing from None


def _remembered(network: Network) -> Network:
    """Each picture is computed once: FP32 on the CPU is what takes time."""
    known: dict[int, Outputs] = {}  # by the picture's identity; the caller keeps all pictures

    def run(rgb: NDArray[np.float32]) -> Outputs:
        if id(rgb) not in known:
            known[id(rgb)] = network(rgb)
        return known[id(rgb)]

    return run


def _every_batch(
    open_plan: OpenPlan,
    request: EngineRequest,
    built: BuiltPlan,
    frames: Sequence[NDArray[np.float32]],
) -> Generator[tuple[NDArray[np.float32], Outputs]]:
    """`every_place` of the smallest and of the largest batch."""
    for batch in sorted({request.batches[0], request.batches[2]}):
        with closing(open_plan(request, _of_batch(built, batch))) as engine:
            yield from every_place(engine, frames)


def _of_batch(built: BuiltPlan, batch: int) -> BuiltPlan:
    """The same plan; its tensors as a caller has them who brings so many pictures at a time."""
    inputs, outputs = (
        tuple(replace(tensor, shape=(batch, *tensor.shape[1:])) for tensor in tensors)
        for tensors in (built.inputs, built.outputs)
    )
    return replace(built, inputs=inputs, outputs=outputs)


def every_place(
    engine: Any, frames: Sequence[NDArray[np.float32]]
) -> Iterator[tuple[NDArray[np.float32], Outputs]]:
    """Pictures, and what an engine for host arrays makes of each at its place of the batch.

    Pictures of a batch differ where there are several: a plan that mixes them up is found.

    Args:
        engine: of a fixed batch.
        frames: (1, 3, H, W) each; all are computed, and again as often as fills the last batch.
    """
    specs = engine.manifest.outputs
    batch = engine.manifest.inputs[0].shape[0]
    for first in range(0, len(frames), batch):
        pictures = [frames[(first + place) % len(frames)] for place in range(batch)]
        outputs = {s.name: np.zeros(s.shape, np.float32) for s in specs}
        engine.run({IMAGE_INPUT: np.concatenate(pictures)}, outputs)
        for place, rgb in enumerate(pictures):
            yield rgb, {name: values[place : place + 1] for name, values in outputs.items()}


def as_network(engine: Any) -> Network:
    """An engine of batch 1 for host arrays as a function of one picture."""
    return lambda rgb: dict(next(every_place(engine, [rgb]))[1])
