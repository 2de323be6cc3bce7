"""The one place that knows how TensorRT 8.6, 10, 11 and TensorRT-RTX differ.

=============  ======================  ==========================  =======================
release        types                   execution contexts          what a plan runs on
=============  ======================  ==========================  =======================
8.6            weak: flag FP16         own their memory            the GPU it was built on
10             strong, by a flag       memory may be the caller's  the GPU it was built on
11             strong, always          memory may be the caller's  the GPU it was built on
RTX            strong, always          memory may be the caller's  every GPU of the targets
=============  ======================  ==========================  =======================

Sources: NVIDIA's migration notes for TensorRT 10 and 11, checked against the enums and attributes
of the released bindings 10.16 and 11.4 and of TensorRT-RTX 1.7.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from streammat_kernels.errors import DependencyError

from ..errors import EngineError

__all__ = ["INSTALL", "Api", "Backend", "load_api"]

Backend = Literal["tensorrt", "tensorrt-rtx"]

INSTALL = {
    "tensorrt": "pip install 'streammat[tensorrt]' --extra-index-url https://pypi.nvidia.com",
    "tensorrt-rtx": "pip install 'streammat[tensorrt-rtx]'",
}
_MODULES = {"tensorrt": ("tensorrt",), "tensorrt-rtx": ("tensorrt_rtx", "tensorrt_rtx_bindings")}
_OLDEST = {"tensorrt": (8, 6), "tensorrt-rtx": (1, 0)}
# What a TensorRT-RTX plan is built for unless a GPU is there: NVIDIA's own default, Ampere and on.
_RTX_TARGETS = ("SM80", "SM86", "SM89", "SM120")
_VERSION = re.compile(r"(\d+)\.(\d+)")  # of 10.16.1.11, 10.0.0b6 or 10.0b1
_ANY = ("ANY",)  # no target is named: every GPU that this TensorRT-RTX supports


@dataclass(frozen=True, slots=True)
class Api:
    """A loaded TensorRT and what is peculiar to its release.

    Attributes:
        backend: tensorrt or tensorrt-rtx.
        trt: its module.
        version: e.g. ``10.16.1.11``.
    """

    backend: Backend
    trt: Any
    version: str

    @property
    def name(self) -> str:
        """E.g. ``tensorrt-rtx 1.7.1.116``."""
        return f"{self.backend} {self.version}"

    @property
    def major(self) -> int:
        """First number of the version."""
        return int(self.version.split(".")[0])

    @property
    def is_rtx(self) -> bool:
        """TensorRT-RTX, which builds without a GPU and whose plans are portable."""
        return self.backend == "tensorrt-rtx"

    @property
    def strongly_typed(self) -> bool:
        """The graph's own types are obeyed; 8.6 chooses types by itself."""
        return self.is_rtx or self.major >= 10

    @property
    def shared_memory(self) -> bool:
        """A context's memory can be the caller's, and as small as the batch needs."""
        return self.is_rtx or self.major >= 10

    @property
    def keeps_timings(self) -> bool:
        """A timing cache makes the next build faster; TensorRT-RTX times nothing when it builds."""
        return not self.is_rtx

    def network_flags(self) -> int:
        """Argument of ``Builder.create_network``."""
        kinds = self.trt.NetworkDefinitionCreationFlag
        if self.is_rtx or self.major >= 11:
            return 0  # always explicit batch and strongly typed
        if self.major >= 10:
            return 1 << int(kinds.STRONGLY_TYPED)
        return 1 << int(kinds.EXPLICIT_BATCH)

    def allow_half(self, config: Any) -> None:
        """Weak typing only: let the builder choose half where it is faster."""
        if not self.strongly_typed:
            config.set_flag(self.trt.BuilderFlag.FP16)

    def keep_single(self, network: Any, kept: frozenset[str]) -> None:
        """Weak typing only: layers of these ONNX operators stay FP32."""
        if self.strongly_typed:
            return
        for index in range(network.num_layers):
            layer = network.get_layer(index)
            if _onnx_operator(self.trt, layer) in kept:
                layer.precision = self.trt.float32

    def obey_kept(self, config: Any) -> None:
        """Weak typing only: what `keep_single` asked for is binding."""
        if not self.strongly_typed:
            config.set_flag(self.trt.BuilderFlag.OBEY_PRECISION_CONSTRAINTS)

    def claim_memory(self, config: Any) -> None:
        """TensorRT-RTX only: the plan allocates nothing while it runs, so a graph can capture it.

        Sources: TensorRT-RTX 1.2's release notes, ``BuilderFlag.REQUIRE_USER_ALLOCATION``.
        """
        if self.is_rtx and hasattr(self.trt.BuilderFlag, "REQUIRE_USER_ALLOCATION"):
            config.set_flag(self.trt.BuilderFlag.REQUIRE_USER_ALLOCATION)

    def set_targets(self, config: Any, names: tuple[str, ...]) -> None:
        """TensorRT-RTX only: the compute capabilities that the plan is for, as `targets` says."""
        if not self.is_rtx:
            return
        named = () if names == _ANY else names
        config.num_compute_capabilities = len(named)
        for place, name in enumerate(named):
            capability = getattr(self.trt.ComputeCapability, name)
            if not config.set_compute_capability(capability, place):
                raise EngineError(f"{self.name} builds nothing for {name}; use another --backend")

    def targets(self, gpu_present: bool) -> tuple[str, ...]:
        """The compute capabilities that a plan is for; part of its key."""
        if not self.is_rtx:
            return ()
        return ("CURRENT",) if gpu_present else _RTX_TARGETS

    def other_targets(self, gpu_present: bool) -> tuple[tuple[str, ...], ...]:
        """What is tried next where a plan for `targets` is not to be had, or does not load here.

        A GPU that this TensorRT-RTX does not know by name may still take a portable plan.
        """
        return (_ANY, _RTX_TARGETS) if self.is_rtx and gpu_present else ()

    def contexts(self, engine: Any) -> Callable[[], Any]:
        """What makes execution contexts; their memory is the caller's where `shared_memory`.

        Contexts of a TensorRT-RTX engine share what was compiled for the first of them. Kernels of
        a new batch size are compiled before they are first used, not meanwhile: a graph would keep
        the slower ones that stand in for them.
        """
        if not self.shared_memory:
            return cast("Callable[[], Any]", engine.create_execution_context)
        strategy = self.trt.ExecutionContextAllocationStrategy.USER_MANAGED
        if not self.is_rtx:
            return lambda: engine.create_execution_context(strategy)
        config = engine.create_runtime_config()
        config.set_execution_context_allocation_strategy(strategy)
        eager = self.trt.DynamicShapesKernelSpecializationStrategy.EAGER
        config.dynamic_shapes_kernel_specialization_strategy = eager
        compiled = config.create_runtime_cache()
        config.set_runtime_cache(compiled)
        kept = config, compiled  # both live as long as the contexts may be asked for
        return lambda: engine.create_execution_context(kept[0])

    def can_refit(self, engine: Any) -> bool:
        """The engine takes other weights of the same graph."""
        return bool(engine.refittable) and hasattr(self.trt, "OnnxParserRefitter")


def load_api(backend: str = "tensorrt") -> Api:
    """Import a TensorRT.

    Raises:
        DependencyError: it is not installed, its libraries cannot be loaded, it is older than 8.6,
            or it does not say which release it is.
        EngineError: another backend was asked for.
    """
    if backend not in get_args(Backend):
        raise EngineError(f"backend {backend!r}: use {' or '.join(get_args(Backend))}")
    reasons = []
    for name in _MODULES[backend]:
        try:
            module = importlib.import_module(name)
        except Exception as error:  # bindings raise RuntimeError and others beside ImportError
            reasons.append(" ".join(str(error).split())[:200] or type(error).__name__)
            continue
        if hasattr(module, "__version__"):
            return _checked(cast("Backend", backend), module)
        reasons.append(_no_package(name, module))
    raise DependencyError(f"{backend} cannot be loaded ({reasons[0]}): {INSTALL[backend]}")


def _no_package(name: str, module: Any) -> str:
    """What stands in a package's place: Python imports any folder of its name as an empty one."""
    folders = [str(folder) for folder in getattr(module, "__path__", ())]
    where = folders[0] if folders else str(getattr(module, "__file__", name))
    return f"{where} has its name and is no release of it"


def _checked(backend: Backend, module: Any) -> Api:
    version = str(module.__version__)
    found = _VERSION.match(version)
    numbers = tuple(int(part) for part in found.groups()) if found else ()
    if numbers < _OLDEST[backend] or (backend == "tensorrt" and numbers[0] == 9):
        oldest = ".".join(map(str, _OLDEST[backend]))
        wanted = f"{oldest}, 10 or 11" if backend == "tensorrt" else f"{oldest} or newer"
        raise DependencyError(
            f"{backend} {version or 'without a version'} is not supported: {wanted} is needed; "
            f"{INSTALL[backend]}"
        )
    return Api(backend, module, version)


def _onnx_operator(trt: Any, layer: Any) -> str:
    """The ONNX operator behind a layer of TensorRT 8.6, of those that may stay FP32."""
    if layer.type == trt.LayerType.MATRIX_MULTIPLY:
        return "MatMul"
    if layer.type == trt.LayerType.REDUCE:
        return "ReduceMean"
    if layer.type == trt.LayerType.ACTIVATION:
        layer.__class__ = trt.IActivationLayer  # the binding's own way down to the subclass
        return "Sigmoid" if layer.type == trt.ActivationType.SIGMOID else ""
    return ""
