"""One network at one size as an engine: built, proved against FP32, timed at every batch."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks.gpu.cases import SINGLE, Case
from benchmarks.gpu.timing import measured
from streammat_engines.accuracy import compare
from streammat_engines.manifest import file_sha256
from streammat_engines.tensorrt.api import Api, load_api
from streammat_engines.tensorrt.build import BuiltPlan, build_plan
from streammat_engines.tensorrt.cuda import CupyCuda
from streammat_engines.tensorrt.gpu import find_gpu
from streammat_engines.tensorrt.obtain import manifest_of
from streammat_engines.tensorrt.request import EngineRequest
from streammat_engines.tensorrt.runner import TensorRtEngine

Way = Literal["onnx", "torch"]


def engine_rows(
    case: Case, model: Path, backend: str, reference: Any, frames: NDArray[np.float32]
) -> dict[str, Any]:
    """Build seconds, accuracy and milliseconds of one dynamic engine (1..8).

    Args:
        case: network and size.
        model: its ONNX file.
        backend: tensorrt or tensorrt-rtx.
        reference: rgb (1, 3, H, W) -> glance and focus in FP32.
        frames: (N, 3, H, W) float32 0..255.
    """
    api = load_api(backend)
    request = request_of(case, model, api)
    built, notes = built_here(request, api)
    facts: dict[str, Any] = {
        "backend": api.name,
        "build_seconds": round(built.seconds, 2),
        "plan_mb": round(len(built.plan) / 1e6, 1),
        "targets": built.targets,
        "notes": notes,
        "rows": [],
    }
    # One engine for both: TensorRT-RTX compiles the kernels of a batch when it is first met.
    with closing(opened(request, built, api, graphs=False)) as engine:
        facts["accuracy"] = accuracy_of(engine, reference, frames, case)
        for graphs in (False, True):
            engine.graphs = graphs
            facts["rows"] += [timed(engine, batch, case, graphs) for batch in case.batches]
        facts["graph_refusal"] = engine.graph_refusal
    return facts


def single_rows(
    case: Case, model: Path, backend: str, reference: Any, frames: NDArray[np.float32]
) -> dict[str, Any]:
    """The same of an engine built for batch 1 alone, which is what ``matte`` runs.

    The builder chooses a dynamic engine's kernels for its largest batch.
    """
    api = load_api(backend)
    request = replace(request_of(case, model, api), batch=1, dynamic=False)
    built, notes = built_here(request, api)
    with closing(opened(request, built, api, graphs=False)) as engine:
        accuracy = accuracy_of(engine, reference, frames, case)
        rows = []
        for graphs in (False, True):
            engine.graphs = graphs
            row = timed(engine, 1, case, graphs)
            rows.append(row | {"name": row["name"].replace("engine", SINGLE)})
    return {
        "build_seconds": round(built.seconds, 2),
        "notes": notes,
        "accuracy": accuracy,
        "rows": rows,
    }


def request_of(case: Case, model: Path, api: Api, via: Way = "onnx") -> EngineRequest:
    """One dynamic engine (1..8) of a case."""
    return EngineRequest(
        model=model,
        sha256=file_sha256(model),
        height=case.height,
        width=case.width,
        batch=8,
        dynamic=True,
        backend=api.backend,
        via=via,
    )


def built_here(request: EngineRequest, api: Api) -> tuple[BuiltPlan, list[str]]:
    """For this very GPU, and what the builder said where that took more than one try."""
    said: list[str] = []
    built = build_plan(request, api, gpu_present=True, say=said.append)
    return built, [line for line in said if "portable" in line]


def opened(request: EngineRequest, built: BuiltPlan, api: Api, graphs: bool) -> TensorRtEngine:
    """The plan as an engine of this GPU."""
    made = manifest_of(request, built, api, find_gpu(), "benchmark")
    return TensorRtEngine(built.plan, made, api, CupyCuda(), graphs=graphs)


def _buffers(batch: int, engine: TensorRtEngine) -> tuple[dict[str, Any], dict[str, Any]]:
    import cupy

    made = engine.plan_manifest
    inputs, outputs = (
        {spec.name: cupy.zeros((batch, *spec.shape[1:]), "f4") for spec in specs}
        for specs in (made.inputs, made.outputs)
    )
    # Zeros cost a GPU less power, so that it runs faster than on any picture.
    inputs["rgb"][...] = cupy.random.random(inputs["rgb"].shape, "f4") * 255
    cupy.cuda.Device().synchronize()
    return inputs, outputs


def timed(engine: TensorRtEngine, batch: int, case: Case, graphs: bool) -> dict[str, Any]:
    """Milliseconds of one batch, one after another."""
    inputs, outputs = _buffers(batch, engine)
    found = measured(lambda: engine.submit(inputs, outputs), engine.streams[0])
    name = "engine, CUDA graph" if engine.captured(inputs, outputs) else "engine"
    row = {"name": name, "batch": batch, **found, "case": case.name}
    missing = graphs and name == "engine"
    return row | ({"no_graph": engine.graph_refusal or "not captured"} if missing else {})


def accuracy_of(
    engine: TensorRtEngine, reference: Any, frames: NDArray[np.float32], case: Case
) -> dict[str, Any]:
    """The engine against FP32 on every frame, and what is over its limits."""
    import cupy

    inputs, outputs = _buffers(1, engine)

    def run(rgb: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        inputs["rgb"].set(rgb)
        cupy.cuda.Device().synchronize()
        engine.run(inputs, outputs)
        return {name: cupy.asnumpy(values) for name, values in outputs.items()}

    kind: Any = case.network.rpartition("_")[2]
    pictures = [frame[None] for frame in frames]
    found = compare(reference, run, pictures, kind if kind in {"tt", "ft", "bt"} else "tt")
    return {**found.to_dict(), "faults": found.faults()}
