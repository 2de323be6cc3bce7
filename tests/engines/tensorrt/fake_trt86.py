"""`fake_trt` as TensorRT 8.6 is: types are the builder's choice, contexts own their memory.

`test_weak_typing` holds it to the names of the released 8.6.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from tests.engines.tensorrt import fake_trt
from tests.engines.tensorrt.fake_trt import WeakConfig, WeakContext

_SIGMOID, _RELU = "sigmoid", "relu"
_KINDS = {"MatMul": "matrix multiply", "ReduceMean": "reduce", "Sigmoid": "activation"}


class ILayer:
    def __init__(self, operator: str) -> None:
        self._operator = operator
        self.precision: Any = None

    @property
    def type(self) -> Any:
        return _KINDS.get(self._operator, "another")


class IActivationLayer(ILayer):
    @property
    def type(self) -> Any:
        return _SIGMOID if self._operator == "Sigmoid" else _RELU


class INetworkDefinition(fake_trt.INetworkDefinition):
    _layers: list[ILayer] | None = None

    @property
    def _found(self) -> list[ILayer]:
        import onnx

        if self._layers is None:
            graph = onnx.load_model_from_string(self._graph).graph
            self._layers = [ILayer(node.op_type) for node in graph.node]
        return self._layers

    num_layers = property(lambda self: len(self._found))

    def get_layer(self, index: int) -> ILayer:
        return self._found[index]


class Builder(fake_trt.Builder):
    """The last configuration and network are kept for the tests to look at."""

    _network86: Any = None

    def create_network(self, flags: int) -> INetworkDefinition:
        network = INetworkDefinition(flags)
        type(self)._network86 = self._network = network
        return network

    def create_builder_config(self) -> Any:
        type(self)._config = WeakConfig()
        return self._config


class ICudaEngine(fake_trt.ICudaEngine):
    def create_execution_context(self) -> Any:  # type: ignore[override]
        return WeakContext(self)


class Runtime(fake_trt.Runtime):
    def deserialize_cuda_engine(self, plan: bytes) -> ICudaEngine:
        return ICudaEngine(plan)


CLASSES: dict[str, Any] = {
    "ActivationType": fake_trt._named("SIGMOID"),
    "Builder": Builder,
    "BuilderFlag": fake_trt._named("TF32", "REFIT", "FP16", "OBEY_PRECISION_CONSTRAINTS"),
    "DataType": fake_trt.DataType,
    "IActivationLayer": IActivationLayer,
    "IBuilderConfig": WeakConfig,
    "ICudaEngine": ICudaEngine,
    "IExecutionContext": WeakContext,
    "ILayer": ILayer,
    "ILogger": fake_trt.ILogger,
    "INetworkDefinition": INetworkDefinition,
    "IOptimizationProfile": fake_trt.IOptimizationProfile,
    "ITensor": fake_trt.ITensor,
    "ITimingCache": fake_trt.ITimingCache,
    "LayerType": SimpleNamespace(
        MATRIX_MULTIPLY="matrix multiply", REDUCE="reduce", ACTIVATION="activation"
    ),
    "NetworkDefinitionCreationFlag": SimpleNamespace(EXPLICIT_BATCH=0),
    "OnnxParser": fake_trt.OnnxParser,
    "ParserError": fake_trt.ParserError,
    "Runtime": Runtime,
}


def fake_module_86() -> SimpleNamespace:
    """The module of TensorRT 8.6."""
    values = {**CLASSES, "ActivationType": SimpleNamespace(SIGMOID=_SIGMOID)}
    return SimpleNamespace(__version__="8.6.0", float32=fake_trt.DataType.FLOAT, **values)
