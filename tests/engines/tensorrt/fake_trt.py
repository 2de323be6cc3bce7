"""A TensorRT that has nothing that the real bindings lack, and computes with NumPy.

`test_bindings` holds it to the names of the released bindings; the builder and the runner work
over it, so whatever they touch exists there too. Its "plan" is the ONNX graph; its network is
``glance = red, green, blue / 255`` and ``focus = red / 255``.
"""

from __future__ import annotations

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

REFUSED = b"not a plan"
TOO_LARGE = b"a plan larger than the GPU's memory"


class DeviceArray(np.ndarray[Any, Any]):
    """Ordinary memory that looks like a device array."""

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        strides = None if self.flags.c_contiguous else self.strides
        place = (self.ctypes.data, False)
        return {
            "shape": self.shape,
            "typestr": self.dtype.str,
            "data": place,
            "strides": strides,
            "version": 3,
        }


def device_array(shape: tuple[int, ...], dtype: str = "f4") -> DeviceArray:
    return np.zeros(shape, dtype).view(DeviceArray)


def _at(pointer: int, shape: tuple[int, ...]) -> NDArray[np.float32]:
    count = int(np.prod(shape))
    kind = ctypes.c_float * count
    return np.ctypeslib.as_array(kind.from_address(pointer)).reshape(shape)


def _named(*names: str) -> SimpleNamespace:
    """An enum; its members are their names."""
    return SimpleNamespace(**{name: SimpleNamespace(name=name) for name in names})


class ILogger:
    ERROR, INTERNAL_ERROR, WARNING = "error", "internal error", "warning"

    def log(self, severity: Any, message: str) -> None: ...


class IProgressMonitor:
    def phase_start(self, phase: str, parent: str | None, steps: int) -> None: ...
    def step_complete(self, phase: str, step: int) -> bool:
        return True

    def phase_finish(self, phase: str) -> None: ...


class ITensor:
    def __init__(self, name: str, shape: tuple[int, ...], dtype: Any) -> None:
        self.name, self.shape, self.dtype = name, shape, dtype


class WeakConfig:
    """`IBuilderConfig` of 8.6."""

    def __init__(self) -> None:
        self.flags: set[str] = {"TF32"}
        self._profiles: list[Any] = []
        self._timing: Any = None

    def set_flag(self, flag: Any) -> None:
        self.flags.add(flag.name)

    def clear_flag(self, flag: Any) -> None:
        self.flags.discard(flag.name)

    def add_optimization_profile(self, profile: Any) -> int:
        self._profiles.append(profile)
        return 0

    def create_timing_cache(self, data: bytes) -> ITimingCache | None:
        return None if data.startswith(b"damaged") else ITimingCache(data)

    def set_timing_cache(self, cache: Any, ignore_mismatch: bool) -> bool:
        accepted = not cache._data.startswith(b"other release")
        if accepted:
            self._timing = cache
        return accepted


class IBuilderConfig(WeakConfig):
    progress_monitor: Any = None


class ITimingCache:
    def __init__(self, data: bytes) -> None:
        self._data = data

    def serialize(self) -> bytes:
        return self._data + b"+"


class IOptimizationProfile:
    def __init__(self) -> None:
        self._shapes: dict[str, Any] = {}

    def set_shape(self, name: str, low: Any, best: Any, high: Any) -> None:
        self._shapes[name] = (low, best, high)


class INetworkDefinition:
    def __init__(self, flags: int) -> None:
        self._flags = flags
        self._graph: bytes = b""
        self._tensors: tuple[list[ITensor], list[ITensor]] = ([], [])

    num_inputs = property(lambda self: len(self._tensors[0]))
    num_outputs = property(lambda self: len(self._tensors[1]))

    def get_input(self, index: int) -> ITensor:
        return self._tensors[0][index]

    def get_output(self, index: int) -> ITensor:
        return self._tensors[1][index]


class ParserError:
    def desc(self) -> str:
        return "node sum: types\n differ"


class OnnxParser:
    """Takes any ONNX graph but one whose producer is ``refused``."""

    num_errors = 1

    def __init__(self, network: INetworkDefinition, log: Any) -> None:
        self._network = network

    def parse(self, data: bytes) -> bool:
        import onnx

        model = onnx.load_model_from_string(data)
        kinds = {1: DataType.FLOAT, 10: DataType.HALF}
        for items, out in zip(
            (model.graph.input, model.graph.output), self._network._tensors, strict=True
        ):
            for item in items:
                kind = item.type.tensor_type
                shape = tuple(dim.dim_value or -1 for dim in kind.shape.dim)
                out.append(ITensor(item.name, shape, kinds[kind.elem_type]))
        self._network._graph = data
        return model.producer_name != "refused"

    def get_error(self, index: int) -> ParserError:
        return ParserError()


class Builder:
    """The last builder and its configuration are kept for the tests to look at."""

    _last: Any = None
    _config: Any = None
    _fails = ""

    def __init__(self, log: ILogger) -> None:
        self._log = log
        type(self)._last = self

    def create_network(self, flags: int) -> INetworkDefinition:
        self._network = INetworkDefinition(flags)
        return self._network

    def create_builder_config(self) -> IBuilderConfig:
        type(self)._config = IBuilderConfig()
        return self._config  # type: ignore[no-any-return]

    def create_optimization_profile(self) -> IOptimizationProfile:
        return IOptimizationProfile()

    def build_serialized_network(self, network: Any, config: Any) -> bytes | None:
        if self._fails:
            self._log.log(ILogger.ERROR, self._fails)
            return None
        if getattr(config, "progress_monitor", None) is not None:
            config.progress_monitor.phase_start("tactics", None, 100)
            for step in range(100):
                if not config.progress_monitor.step_complete("tactics", step):
                    return None
            config.progress_monitor.phase_finish("tactics")
        return network._graph  # type: ignore[no-any-return]


class WeakContext:
    """`IExecutionContext` of 8.6. Computes when asked; remembers what it was given."""

    def __init__(self, engine: ICudaEngine) -> None:
        self._engine = engine
        self._addresses: dict[str, int] = {}
        self._shape: tuple[int, ...] = ()
        self._memory = 0

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._shape = tuple(shape)
        return True

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._addresses[name] = address
        return True

    def execute_async_v3(self, stream: int) -> bool:
        STREAMS[stream].give(self._compute)
        return not self._engine._broken

    def _compute(self) -> None:
        batch, _, height, width = self._shape
        rgb = _at(self._addresses["rgb"], self._shape) / np.float32(255)
        _at(self._addresses["glance"], (batch, 3, height, width))[...] = rgb
        _at(self._addresses["focus"], (batch, 1, height, width))[...] = rgb[:, :1]


class IExecutionContext(WeakContext):
    """Its memory is the caller's."""

    _memory_bytes = 1000  # a picture

    def update_device_memory_size_for_shapes(self) -> int:
        return self._memory_bytes * self._shape[0]

    def set_device_memory(self, memory: int, size: int) -> None:
        assert size >= self.update_device_memory_size_for_shapes()
        self._memory = memory


class ICudaEngine:
    refittable = True

    def __init__(self, plan: bytes) -> None:
        self._names = ["rgb", "glance", "focus"]
        self._plan = plan
        self._broken = False
        self._contexts: list[IExecutionContext] = []
        ICudaEngine._last = self  # type: ignore[attr-defined]

    num_io_tensors = property(lambda self: len(self._names))

    def get_tensor_name(self, index: int) -> str:
        return self._names[index]

    def get_tensor_dtype(self, name: str) -> Any:
        return DataType.FLOAT

    def create_execution_context(self, strategy: Any = None) -> IExecutionContext:
        self._contexts.append(IExecutionContext(self))
        return self._contexts[-1]

    def serialize(self) -> bytes:
        return self._plan


class Runtime:
    def __init__(self, log: ILogger) -> None:
        self._log = log

    def deserialize_cuda_engine(self, plan: bytes) -> ICudaEngine | None:
        if plan == REFUSED:
            self._log.log(ILogger.ERROR, "built for another GPU")
            return None
        if plan == TOO_LARGE:
            self._log.log(ILogger.ERROR, "Error Code 2: OutOfMemory (Requested size was 9 bytes.)")
            return None
        return ICudaEngine(plan)


class Refitter:
    """Done when new weights were parsed."""

    def __init__(self, engine: ICudaEngine, log: ILogger) -> None:
        self._engine = engine
        self._graph = b""

    def refit_cuda_engine(self) -> bool:
        self._engine._plan = self._graph
        return bool(self._graph)


class OnnxParserRefitter:
    def __init__(self, refitter: Refitter, log: ILogger) -> None:
        self._refitter = refitter

    def refit_from_bytes(self, data: bytes) -> bool:
        self._refitter._graph = data
        return True


DataType = _named("FLOAT", "HALF", "UINT8")
BuilderFlag = _named("TF32", "REFIT")
ExecutionContextAllocationStrategy = _named("USER_MANAGED")
NetworkDefinitionCreationFlag = SimpleNamespace(STRONGLY_TYPED=1)


def fake_module(version: str) -> SimpleNamespace:
    """The module of a release."""
    names = {name: value for name, value in globals().items() if name in REAL}
    return SimpleNamespace(__version__=version, **names)


REAL = [
    "Builder",
    "BuilderFlag",
    "DataType",
    "ExecutionContextAllocationStrategy",
    "IBuilderConfig",
    "ICudaEngine",
    "IExecutionContext",
    "ILogger",
    "INetworkDefinition",
    "IOptimizationProfile",
    "IProgressMonitor",
    "ITensor",
    "ITimingCache",
    "NetworkDefinitionCreationFlag",
    "OnnxParser",
    "OnnxParserRefitter",
    "ParserError",
    "Refitter",
    "Runtime",
]
STREAMS: dict[int, Any] = {}
