"""A model file -> a TensorRT plan, by whichever TensorRT is there.

One way for all: the graph is fixed to one size, turned FP16 by us (not by the builder, except for
8.6), parsed, type-checked, built. What differs between releases is in `api`.
"""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from streammat_kernels.errors import DeviceUnavailable

from ..errors import EngineDeviceError, EngineError, EngineFileError, EngineMemoryError
from ..graph.fixed import IMAGE_INPUT, graph_sha256
from ..graph.half import HALF_RULE, KEPT_SINGLE, half_graph, scaled_graph
from .api import Api
from .interrupt import interruptible
from .log import Blame, blamed, make_log, make_monitor
from .plan import PlanTensor
from .refit import structure_sha256
from .request import EngineRequest

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["RULES", "BuiltPlan", "build_plan", "check_refit", "graph_of"]

RULES = {"fixed": "1", "half": HALF_RULE, "weak": "1", "memory": "1"}
_DTYPES = {"FLOAT": "float32", "HALF": "float16", "UINT8": "uint8"}

Say = Callable[[str], None]
_FIRST_SHARED_PROFILES = 10  # release of TensorRT
_NEXT: dict[Blame, str] = {
    "memory": "use a smaller --size or --batch, or close other programs on the GPU",
    "device": "update the NVIDIA driver, or use a GPU that {api} supports ('streammat doctor' says "
    "what is here), or another --backend",
    "model": "use --precision fp32, another --size or another --backend",
    "": "look what 'streammat doctor' says, then use a smaller --size or another --backend",
}


@dataclass(frozen=True, slots=True)
class BuiltPlan:
    """A plan and what it was made from.

    Attributes:
        plan: serialised engine.
        inputs, outputs: with the largest batch.
        graph_sha256, weights_sha256, structure_sha256: of the graph that the builder got, of its
            weights, and of all but these.
        targets: compute capabilities of a portable plan.
        seconds: how long the build took.
        timing_cache: what the builder learned about kernels; empty where it keeps nothing.
    """

    plan: bytes
    inputs: tuple[PlanTensor, ...]
    outputs: tuple[PlanTensor, ...]
    graph_sha256: str
    weights_sha256: str
    structure_sha256: str
    targets: tuple[str, ...]
    seconds: float
    timing_cache: bytes = b""


def graph_of(request: EngineRequest, *, strongly_typed: bool = True) -> ModelProto:
    """The graph that a builder gets for ``request``.

    Where types are the builder's choice it is FP32, with raw 0..255 scaled as half wants it.

    Raises:
        EngineFileError: the model file is damaged or cannot be built like this.
    """
    batch = None if request.dynamic else request.batch
    graph = request.graph_fp32(batch)
    if request.precision != "fp16":
        return graph
    return half_graph(graph) if strongly_typed else scaled_graph(graph)


def build_plan(
    request: EngineRequest,
    api: Api,
    *,
    gpu_present: bool,
    timing_cache: bytes = b"",
    say: Say = lambda _: None,
) -> BuiltPlan:
    """Build one plan; takes seconds (TensorRT-RTX) to minutes (TensorRT).

    Args:
        request: what is built.
        api: by which release.
        gpu_present: for the GPU of this machine; False: TensorRT-RTX's portable targets.
        timing_cache: of an earlier build by the same release on the same GPU; it saves time.
        say: gets short progress lines, from the builder's own thread.

    Raises:
        EngineFileError: the graph cannot be parsed or built, its types do not fit, or a dynamic
            batch is wanted of TensorRT 8.
        EngineDeviceError: the driver is too old, or the GPU is none that this release builds for.
        EngineError: the build failed, or on this machine's GPU the plan does not load.
        EngineMemoryError: the GPU's memory is too small to build it.
        DeviceUnavailable: the builder refuses without a GPU.
        KeyboardInterrupt: Ctrl-C; the build was stopped.
    """
    check_refit(request, api, gpu_present)
    _check_dynamic(request, api)
    begun = time.perf_counter()
    graph = graph_of(request, strongly_typed=api.strongly_typed)
    attempt = _Attempt(request, api, graph.SerializeToString(), timing_cache, say)
    targets = api.targets(gpu_present)
    try:
        made = attempt(targets, check=bool(api.other_targets(gpu_present)))
    except (EngineMemoryError, EngineFileError):
        raise
    except EngineError as error:
        for targets in api.other_targets(gpu_present):
            say(f"{error}; trying a portable plan")
            with contextlib.suppress(EngineError):
                made = attempt(targets, check=True)
                break
        else:
            raise _told(error, api) from None
    return BuiltPlan(
        plan=made.plan,
        inputs=made.inputs,
        outputs=made.outputs,
        graph_sha256=graph_sha256(graph),
        weights_sha256=weights_sha256(graph),
        structure_sha256=structure_sha256(graph),
        targets=targets,
        seconds=time.perf_counter() - begun,
        timing_cache=made.timing_cache,
    )


class _Made(NamedTuple):
    """What one run of the builder gave."""

    plan: bytes
    inputs: tuple[PlanTensor, ...]
    outputs: tuple[PlanTensor, ...]
    timing_cache: bytes


class _BuildError(EngineError):
    """A build that failed for other targets to be tried, and what was to blame."""

    def __init__(self, message: str, blame: Blame) -> None:
        super().__init__(message)
        self.blame = blame


def _failed(what: str, log: Any) -> EngineError:
    blame, reason = blamed(log.errors)
    if blame == "memory":
        return EngineMemoryError(f"{what}: {reason}; {_NEXT['memory']}")
    return _BuildError(f"{what}: {reason}", blame)


def _told(error: EngineError, api: Api) -> EngineError:
    """The last word of a build that failed: with the next step and the exit code that is due."""
    if not isinstance(error, _BuildError):
        return error
    kinds = {"device": EngineDeviceError, "model": EngineFileError}
    step = _NEXT[error.blame].format(api=api.name)
    return kinds.get(error.blame, EngineError)(f"{error}; {step}")


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One graph through the builder, for one set of targets at a time."""

    request: EngineRequest
    api: Api
    graph: bytes
    timing_cache: bytes
    say: Say

    def __call__(self, targets: tuple[str, ...], *, check: bool) -> _Made:
        """The plan; with ``check`` it has loaded on this machine's GPU.

        Raises:
            EngineFileError, EngineError, EngineMemoryError, DeviceUnavailable: see `build_plan`.
        """
        api, request = self.api, self.request
        log = make_log(api.trt)
        builder = _builder(api, log)
        network = builder.create_network(api.network_flags())
        _parse(api, network, self.graph, log, request)
        config = _configured(builder, network, request, api)
        api.set_targets(config, targets)
        cache = _load_timing(config, self.timing_cache) if api.keeps_timings else None
        inputs, outputs = _tensors(network, request)
        with interruptible() as interrupted:
            if hasattr(config, "progress_monitor"):  # absent from 8.6
                config.progress_monitor = make_monitor(api.trt, self.say, interrupted)
            plan = builder.build_serialized_network(network, config)
        if plan is None:
            raise _failed(f"{api.name} could not build {request.model.name}", log)
        if check and api.trt.Runtime(log).deserialize_cuda_engine(plan) is None:
            raise _failed(f"{api.name} cannot load its plan of {request.model.name}", log)
        return _Made(bytes(plan), inputs, outputs, _timing_bytes(cache))


def check_refit(request: EngineRequest, api: Api, gpu_present: bool) -> None:
    """Refuse what cannot be refitted, before anything is done.

    Raises:
        EngineFileError: ``--refit`` is asked for where the release or the machine cannot do it.
    """
    if request.refit and api.is_rtx and not gpu_present:
        raise EngineFileError(
            f"--refit: {api.name} builds refittable plans for one GPU only, and none is there: "
            "build on the GPU, or without --refit"
        )
    if request.refit and not api.strongly_typed:
        raise EngineFileError(
            f"--refit: {api.name} cannot read other weights from a model file, TensorRT 10 or 11 "
            "can: build without --refit"
        )


def _configured(builder: Any, network: Any, request: EngineRequest, api: Api) -> Any:
    """The builder's configuration, but for the targets."""
    config, flags = builder.create_builder_config(), api.trt.BuilderFlag
    config.clear_flag(flags.TF32)  # FP32 means FP32
    if request.precision == "fp16":
        api.allow_half(config)
        api.keep_single(network, KEPT_SINGLE)
        api.obey_kept(config)
    if request.refit:
        config.set_flag(flags.REFIT)
    api.claim_memory(config)
    _add_profile(builder, config, request)
    return config


def _check_dynamic(request: EngineRequest, api: Api) -> None:
    """TensorRT 8 gives a profile to one execution context, and each set of buffers needs its own.

    Raises:
        EngineFileError: a dynamic batch, and a release before 10.
    """
    if request.dynamic and not api.is_rtx and api.major < _FIRST_SHARED_PROFILES:
        raise EngineFileError(
            f"{api.name} cannot run an engine of any batch size: build one --batch at a time, or "
            "use TensorRT 10 or TensorRT-RTX"
        )


def weights_sha256(graph: ModelProto) -> str:
    """Hash of all weights of a graph, in their order."""
    digest = hashlib.sha256()
    for weight in graph.graph.initializer:
        digest.update(weight.SerializeToString(deterministic=True))
    return digest.hexdigest()


def _builder(api: Api, log: Any) -> Any:
    try:
        builder = api.trt.Builder(log)
    except (TypeError, RuntimeError) as error:  # a null pointer behind the binding
        raise DeviceUnavailable(
            f"{api.name} refuses to build here: {log.reason() or error}; it needs a GPU and its "
            "driver, --backend tensorrt-rtx builds without"
        ) from error
    return builder


def _parse(api: Api, network: Any, graph: bytes, log: Any, request: EngineRequest) -> None:
    parser = api.trt.OnnxParser(network, log)
    if parser.parse(graph):
        return
    faults = [str(parser.get_error(index).desc()) for index in range(parser.num_errors)]
    reason = "; ".join(" ".join(fault.split()) for fault in faults[:2]) or log.reason()
    raise EngineFileError(
        f"{api.name} does not take the graph of {request.model.name}: {reason[:300]}; export it "
        "anew with streammat's exporter, or use another --backend"
    )


def _add_profile(builder: Any, config: Any, request: EngineRequest) -> None:
    if not request.dynamic:
        return
    profile = builder.create_optimization_profile()
    shapes = [(batch, 3, request.height, request.width) for batch in request.batches]
    profile.set_shape(IMAGE_INPUT, *shapes)
    config.add_optimization_profile(profile)


def _load_timing(config: Any, data: bytes) -> Any:
    """The builder's memory of kernel timings; a damaged or refused one starts empty."""
    cache = config.create_timing_cache(data) if data else None
    if cache is not None and config.set_timing_cache(cache, False):
        return cache
    cache = config.create_timing_cache(b"")
    config.set_timing_cache(cache, False)
    return cache


def _timing_bytes(cache: Any) -> bytes:
    data = cache.serialize() if cache is not None else None
    return bytes(data) if data is not None else b""


def _tensors(
    network: Any, request: EngineRequest
) -> tuple[tuple[PlanTensor, ...], tuple[PlanTensor, ...]]:
    """Inputs and outputs; all have to be FP32, which no builder checks by itself."""
    inputs = tuple(_tensor(network.get_input(i), request) for i in range(network.num_inputs))
    outputs = tuple(_tensor(network.get_output(i), request) for i in range(network.num_outputs))
    for tensor in (*inputs, *outputs):
        if tensor.dtype != "float32":
            raise EngineFileError(
                f"{request.model.name}: {tensor.name} is {tensor.dtype}, engines take and give "
                "float32: export it with streammat's exporter"
            )
    return inputs, outputs


def _tensor(tensor: Any, request: EngineRequest) -> PlanTensor:
    shape = (request.batch, *(int(length) for length in tuple(tensor.shape)[1:]))
    kind = str(getattr(tensor.dtype, "name", tensor.dtype))
    return PlanTensor(str(tensor.name), shape, _DTYPES.get(kind, kind.lower()))
