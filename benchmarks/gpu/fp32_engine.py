"""An FP32 engine as the truth for weights that only exist as ONNX."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.gpu.cases import Case
from benchmarks.gpu.engine_case import built_here
from streammat_engines.manifest import file_sha256
from streammat_engines.tensorrt.api import load_api
from streammat_engines.tensorrt.cuda import CupyCuda
from streammat_engines.tensorrt.gpu import find_gpu
from streammat_engines.tensorrt.obtain import manifest_of
from streammat_engines.tensorrt.request import EngineRequest
from streammat_engines.tensorrt.runner import TensorRtEngine


def fp32_engine(model: Path, case: Case, backend: str) -> Callable[[Any], dict[str, Any]]:
    """rgb (1, 3, H, W) -> outputs by name, from an engine without half and without TF32."""
    import cupy

    api = load_api(backend)
    request = EngineRequest(
        model=model,
        sha256=file_sha256(model),
        height=case.height,
        width=case.width,
        precision="fp32",
        backend=api.backend,
    )
    built, _ = built_here(request, api)
    made = manifest_of(request, built, api, find_gpu(), "reference")
    engine = TensorRtEngine(built.plan, made, api, CupyCuda())
    inputs = {spec.name: cupy.zeros(spec.shape, "f4") for spec in made.inputs}
    outputs = {spec.name: cupy.zeros(spec.shape, "f4") for spec in made.outputs}

    def run(rgb: Any) -> dict[str, Any]:
        inputs["rgb"].set(rgb)
        cupy.cuda.Device().synchronize()
        engine.run(inputs, outputs)
        return {name: cupy.asnumpy(values) for name, values in outputs.items()}

    return run
