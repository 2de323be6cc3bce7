"""What TensorRT-RTX has beside the names of TensorRT, over the same fake; see `test_rtx`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.engines.tensorrt import fake_trt
from tests.engines.tensorrt.fake_trt import _named

REAL = [
    "BuilderFlag",
    "ComputeCapability",
    "DynamicShapesKernelSpecializationStrategy",
    "IBuilderConfig",
    "ICudaEngine",
    "IExecutionContext",
    "IRuntimeCache",
    "IRuntimeConfig",
]


class IBuilderConfig(fake_trt.IBuilderConfig):
    num_compute_capabilities = 0

    def set_compute_capability(self, capability: Any, index: int) -> bool:
        self._targets = [*getattr(self, "_targets", []), capability.name]
        return True


class IRuntimeCache: ...


class IRuntimeConfig:
    dynamic_shapes_kernel_specialization_strategy: Any = None
    _cache: Any = None
    _allocation: Any = None

    def set_execution_context_allocation_strategy(self, strategy: Any) -> None:
        self._allocation = strategy

    def create_runtime_cache(self) -> IRuntimeCache:
        return IRuntimeCache()

    def set_runtime_cache(self, cache: IRuntimeCache) -> bool:
        self._cache = cache
        return True


class IExecutionContext(fake_trt.IExecutionContext):
    _capturable = True

    def __init__(self, engine: Any, config: IRuntimeConfig) -> None:
        super().__init__(engine)
        self._config = config

    def is_stream_capturable(self, stream: int) -> bool:
        return self._capturable


class ICudaEngine(fake_trt.ICudaEngine):
    def create_runtime_config(self) -> IRuntimeConfig:
        return IRuntimeConfig()

    def create_execution_context(self, config: Any = None) -> IExecutionContext:
        self._contexts.append(IExecutionContext(self, config))
        return self._contexts[-1]  # type: ignore[return-value]


class Runtime(fake_trt.Runtime):
    """Loads what is for any GPU; plans for this one alone it refuses where it is ``_picky``."""

    _picky = False

    def deserialize_cuda_engine(self, plan: bytes) -> ICudaEngine | None:
        if self._picky and plan.endswith(b"CURRENT"):
            self._log.log(fake_trt.ILogger.ERROR, "the engine cannot run on this GPU")
            return None
        return ICudaEngine(plan)


class Builder(fake_trt.Builder):
    def create_builder_config(self) -> IBuilderConfig:
        type(self)._config = IBuilderConfig()
        return self._config  # type: ignore[no-any-return]

    def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
        plan = super().build_serialized_network(network, config)
        return plan and b"plan for " + " ".join(getattr(config, "_targets", ["ANY"])).encode()


ComputeCapability = _named("CURRENT", "SM80", "SM86", "SM89", "SM120")
BuilderFlag = _named("TF32", "REFIT", "REQUIRE_USER_ALLOCATION")
DynamicShapesKernelSpecializationStrategy = _named("EAGER")


def fake_rtx() -> SimpleNamespace:
    """The module."""
    own = {name: globals()[name] for name in (*REAL, "Builder", "Runtime")}
    return SimpleNamespace(**{**vars(fake_trt.fake_module("1.7.1")), **own})
