"""The second way to a plan: Torch-TensorRT converts the PyTorch network itself.

The result is the same artefact: a plain plan beside a manifest. Torch-TensorRT loads CUDA when it
is imported, so that this way can be tried on a machine with a GPU only, and has not been yet;
``streammat engine build MODEL --via torch`` there is the trial.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from streammat_kernels.errors import DependencyError, DeviceUnavailable

from .api import Api
from .build import BuiltPlan, Say
from .plan import PlanTensor
from .request import EngineRequest

__all__ = ["torch_builder"]

_PACKAGES = {"tensorrt": "torch-tensorrt", "tensorrt-rtx": "torch-tensorrt-rtx"}


def torch_builder(network: Callable[[EngineRequest], Any]) -> Callable[..., BuiltPlan]:
    """A stand-in for `build_plan`.

    Args:
        network: gives the PyTorch module for a request: rgb (B, 3, H, W) float32 in, glance and
            focus float32 out, in half inside where the request says fp16, pooling matrices inside.
    """

    def build(
        request: EngineRequest,
        api: Api,
        *,
        gpu_present: bool,
        timing_cache: bytes = b"",
        say: Say = lambda _: None,
    ) -> BuiltPlan:
        del timing_cache
        if not gpu_present:
            raise DeviceUnavailable(
                "--via torch converts on the GPU, and none is there: use --via onnx"
            )
        torch, dynamo = _packages(api)
        begun = time.perf_counter()
        say("Torch-TensorRT converts")
        module = network(request).eval().cuda()
        example = torch.zeros(request.batch, 3, request.height, request.width, device="cuda")
        batch = torch.export.Dim("batch", min=1, max=request.batch) if request.dynamic else None
        shapes = ({0: batch},) if batch is not None else None
        program = torch.export.export(module, (example,), dynamic_shapes=shapes)
        plan = dynamo.convert_exported_program_to_serialized_trt_engine(
            program, arg_inputs=(example,), use_explicit_typing=True
        )
        planes = [tuple(out.shape) for out in module(example)]
        names = ("glance", "focus")
        outputs = (PlanTensor(n, s, "float32") for n, s in zip(names, planes, strict=True))
        return BuiltPlan(
            plan=bytes(plan),
            inputs=(PlanTensor("rgb", tuple(example.shape), "float32"),),
            outputs=tuple(outputs),
            graph_sha256="",
            weights_sha256="",
            structure_sha256="",
            targets=(),
            seconds=time.perf_counter() - begun,
        )

    return build


def _packages(api: Api) -> tuple[Any, Any]:
    try:
        import torch
        import torch_tensorrt
    except (ImportError, OSError) as error:
        package = _PACKAGES[api.backend]
        raise DependencyError(
            f"--via torch needs {package} ({' '.join(str(error).split())[:120]}): "
            f"pip install {package}, or use --via onnx"
        ) from error
    return torch, torch_tensorrt.dynamo
