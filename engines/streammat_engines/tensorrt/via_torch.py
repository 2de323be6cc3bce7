"""The second way to a plan: Torch-TensorRT converts, instead of TensorRT's ONNX parser.

The result is the same artefact, made of the same graph: `graph.module` gives it to PyTorch, half
where `graph.half` says so, and Torch-TensorRT obeys the types that it finds (it types strongly
since 2.11; nothing older is taken). Inputs and outputs keep their names.

Torch-TensorRT wants CUDA when it is imported, so this way works on a machine with a GPU only and
**has not met one yet**. What was tried: its own converter, with the real TensorRT-RTX builder under
it, on a machine without a GPU (``tests/engines/tensorrt/convert_without_gpu.py``). On a GPU host
``streammat engine build MODEL --via torch`` is the trial; ``benchmarks/gpu`` has it as a step.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import inspect
import logging
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from streammat_kernels.errors import DependencyError, DeviceUnavailable

from ..errors import EngineError
from ..graph.fixed import IMAGE_INPUT, graph_sha256
from ..graph.module import graph_module, require_torch
from .api import Api, Backend
from .build import BuiltPlan, Say, graph_of, weights_sha256
from .gpu import why_no_gpu
from .log import make_log
from .plan import PlanTensor
from .refit import structure_sha256
from .request import EngineRequest

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["build_with_torch", "torch_tensorrt_version"]

INSTALL = {
    "tensorrt": "pip install 'streammat[torch-tensorrt]' --extra-index-url https://pypi.nvidia.com",
    "tensorrt-rtx": "pip install 'streammat[torch-tensorrt-rtx]'",
}
_PACKAGES = {"tensorrt": "torch-tensorrt", "tensorrt-rtx": "torch-tensorrt-rtx"}
_OLDEST = (2, 11)  # earlier ones type weakly unless told otherwise
_INTERPRETER = "torch_tensorrt.dynamo.conversion._TRTInterpreter"


def torch_tensorrt_version(backend: Backend) -> str:
    """E.g. ``torch-tensorrt 2.13.0``, the one for this backend; nothing is imported.

    Raises:
        DependencyError: it is not installed, or too old.
    """
    package = _PACKAGES[backend]
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        raise DependencyError(
            f"{package} is missing, which --via torch converts with: {INSTALL[backend]}, or use "
            "--via onnx"
        ) from None
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise DependencyError(
            f"{package} {version} is not supported: 2.11 or newer is needed; {INSTALL[backend]}"
        )
    return f"{package} {version}"


def build_with_torch(
    request: EngineRequest,
    api: Api,
    *,
    gpu_present: bool,
    timing_cache: bytes = b"",
    say: Say = lambda _: None,
) -> BuiltPlan:
    """A stand-in for `build_plan`, with the same arguments and the same result.

    Raises:
        DeviceUnavailable: no GPU, or a PyTorch without CUDA.
        DependencyError: PyTorch or Torch-TensorRT is not installed or cannot be loaded.
        EngineFileError: the model file is damaged or has an operator that is not known here.
        EngineError: Torch-TensorRT could not convert it.
    """
    name = torch_tensorrt_version(api.backend)
    device = _device(gpu_present)
    begun = time.perf_counter()
    graph = graph_of(request)
    with _quiet():
        converter = _loaded(api)
        say(f"{name} converts")
        plan, timings = _converted(converter, graph, request, device, timing_cache)
    inputs, outputs = _tensors(graph, request)
    _check_names(plan, api, (*inputs, *outputs))
    return BuiltPlan(
        plan=plan,
        inputs=inputs,
        outputs=outputs,
        graph_sha256=graph_sha256(graph),
        weights_sha256=weights_sha256(graph),
        structure_sha256=structure_sha256(graph),
        targets=(),
        seconds=time.perf_counter() - begun,
        timing_cache=timings if api.keeps_timings else b"",
    )


def _device(gpu_present: bool) -> str:
    if not gpu_present:
        raise DeviceUnavailable(
            f"--via torch converts on the GPU, and {why_no_gpu()}, or use --via onnx"
        )
    torch = require_torch()
    if not torch.cuda.is_available():
        raise DeviceUnavailable(
            f"--via torch needs a PyTorch with CUDA, {torch.__version__} cannot use the GPU: see "
            "pytorch.org/get-started, or use --via onnx"
        )
    return "cuda"


def _loaded(api: Api) -> Any:
    """The package ``torch_tensorrt``."""
    try:
        package = importlib.import_module("torch_tensorrt")
    except Exception as error:  # it raises bare Exceptions where TensorRT's libraries are missing
        reason = " ".join(str(error).split())[:200]
        raise DependencyError(
            f"{_PACKAGES[api.backend]} cannot be loaded ({reason}): {INSTALL[api.backend]}, or use "
            "--via onnx"
        ) from error
    if bool(package.ENABLED_FEATURES.tensorrt_rtx) != api.is_rtx:
        raise DependencyError(
            f"torch_tensorrt is the one for {'TensorRT' if api.is_rtx else 'TensorRT-RTX'}, "
            f"{api.backend} was asked for: uninstall it, then {INSTALL[api.backend]}"
        )
    return package


def _converted(
    package: Any, graph: ModelProto, request: EngineRequest, device: str, timing_cache: bytes
) -> tuple[bytes, bytes]:
    """The plan and what the builder learned about kernels."""
    torch = require_torch()
    module = graph_module(graph).to(device)
    example = torch.zeros(request.batch, 3, request.height, request.width, device=device)
    low, _, high = request.batches
    batch = {0: torch.export.Dim("batch", min=low, max=high)} if low < high else None
    convert = package.dynamo.convert_exported_program_to_serialized_trt_engine
    names = tuple(item.name for item in graph.graph.output)
    with tempfile.TemporaryDirectory() as folder:
        timing = Path(folder) / "timing.cache"
        if timing_cache:
            timing.write_bytes(timing_cache)
        options: dict[str, Any] = {"disable_tf32": True, "timing_cache_path": str(timing)}
        with _output_names(convert, names) as named, torch.no_grad():
            try:
                shapes = None if batch is None else (batch,)
                program = torch.export.export(module, (example,), dynamic_shapes=shapes)
                image = _image_input(package, request, torch.float32)
                plan = bytes(convert(program, arg_inputs=(image,), **options, **named))
            except Exception as error:  # RuntimeError and others, with the whole graph inside
                reason = " ".join(str(error.__cause__ or error).split())[:200]
                raise EngineError(
                    f"Torch-TensorRT could not convert {request.model.name}: {reason}; use "
                    "--via onnx"
                ) from error
        return plan, timing.read_bytes() if timing.is_file() else b""


def _image_input(package: Any, request: EngineRequest, dtype: Any) -> Any:
    """What is said of ``rgb``: its shape, or the smallest, best and largest."""
    low, best, high = ((b, 3, request.height, request.width) for b in request.batches)
    if low == high:
        return package.Input(shape=low, dtype=dtype, name=IMAGE_INPUT)
    return package.Input(
        min_shape=low, opt_shape=best, max_shape=high, dtype=dtype, name=IMAGE_INPUT
    )


@contextlib.contextmanager
def _output_names(convert: Any, names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Let a plan's outputs be called as in the graph; the converter's arguments for that.

    Torch-TensorRT 2.14 takes names. Earlier releases call outputs ``output0``, ``output1``, so
    that their interpreter is told better while it works; the plan's names are checked afterwards.
    """
    if "output_binding_names" in inspect.signature(convert).parameters:
        yield {"output_binding_names": tuple(names)}
        return
    interpreter = importlib.import_module(_INTERPRETER).TRTInterpreter
    plain = interpreter.output

    def output(self: Any, target: str, args: Any, kwargs: Any) -> Any:
        tensors = plain(self, target, args, kwargs)
        for tensor, name in zip(tensors, names, strict=True):
            tensor.name = name
        self._output_names[:] = names
        return tensors

    interpreter.output = output
    try:
        yield {}
    finally:
        interpreter.output = plain


def _tensors(
    graph: ModelProto, request: EngineRequest
) -> tuple[tuple[PlanTensor, ...], tuple[PlanTensor, ...]]:
    """Inputs and outputs of the graph, with the largest batch."""
    inputs, outputs = (
        tuple(
            PlanTensor(
                item.name,
                (
                    request.batch,
                    int(item.type.tensor_type.shape.dim[1].dim_value),
                    request.height,
                    request.width,
                ),
                "float32",
            )
            for item in items
        )
        for items in (graph.graph.input, graph.graph.output)
    )
    return inputs, outputs


def _check_names(plan: bytes, api: Api, tensors: Sequence[PlanTensor]) -> None:
    """The plan's tensors are called as the graph's."""
    log = make_log(api.trt)
    runtime = api.trt.Runtime(log)
    engine = runtime.deserialize_cuda_engine(plan)
    if engine is None:
        raise EngineError(f"{api.name} cannot load what Torch-TensorRT made: {log.reason()}")
    found = sorted(engine.get_tensor_name(index) for index in range(engine.num_io_tensors))
    wanted = sorted(tensor.name for tensor in tensors)
    if found != wanted:
        raise EngineError(
            f"Torch-TensorRT called the tensors {', '.join(found)} instead of "
            f"{', '.join(wanted)}: use --via onnx"
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Torch-TensorRT prints to stdout and logs whole graphs; results alone belong on stdout."""
    log = logging.getLogger("torch_tensorrt")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        log.setLevel(level)
