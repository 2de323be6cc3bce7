"""What a strongly typed FP16 graph computes, on a CPU: every half tensor rounded, sums in FP32.

Tensor cores multiply halves and add in FP32; each result is rounded to half once. CPU runtimes
skip part of that rounding (they compute in FP32 inside), so the rounding is written into the graph:
halves become singles, and a Cast to half and back follows every tensor that is half.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.errors import DependencyError

from ..errors import EngineFileError
from .fixed import require_onnx

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

__all__ = ["CpuGraph", "rounded_graph"]


def rounded_graph(model: ModelProto) -> ModelProto:
    """An FP32 graph that gives what the FP16 graph ``model`` gives; ``model`` is not changed.

    Tensor names stay, so that both can be compared layer by layer.
    """
    onnx = require_onnx()
    halves = _half_tensors(model)
    copy: ModelProto = onnx.ModelProto()
    copy.CopyFrom(model)
    graph = copy.graph
    nodes = []
    for node in graph.node:
        made = [name for name in node.output if name in halves]
        if node.op_type == "Cast" and not made:
            node.op_type = "Identity"  # half to single: the value is single already
            del node.attribute[:]
        nodes.append(node)
        nodes += [part for name in made for part in _rounding(node, name)]
    del graph.node[:]
    graph.node.extend(nodes)
    for weight in graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT16:
            values = onnx.numpy_helper.to_array(weight).astype(np.float32)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    del graph.value_info[:]
    return copy


def _half_tensors(model: ModelProto) -> set[str]:
    onnx = require_onnx()
    typed = onnx.shape_inference.infer_shapes(model, strict_mode=True)
    half = onnx.TensorProto.FLOAT16
    known = [*typed.graph.value_info, *typed.graph.output]
    return {item.name for item in known if item.type.tensor_type.elem_type == half}


def _rounding(node: NodeProto, name: str) -> list[NodeProto]:
    """Let ``node`` write a raw tensor and round it into ``name``."""
    onnx = require_onnx()
    raw, half = f"{name}__raw", f"{name}__f16"
    kinds = onnx.TensorProto
    if node.op_type == "Cast":  # to half: its target stays half, and a Cast back follows
        node.output[0] = half
        return [onnx.helper.make_node("Cast", [half], [name], to=kinds.FLOAT)]
    node.output[list(node.output).index(name)] = raw
    return [
        onnx.helper.make_node("Cast", [raw], [half], to=kinds.FLOAT16),
        onnx.helper.make_node("Cast", [half], [name], to=kinds.FLOAT),
    ]


class CpuGraph:
    """A graph as a function, on ONNX Runtime without any optimisation, so that Casts stay.

    Args:
        model: an FP32 graph.
        tensors: names of inner tensors that are returned as well.

    Raises:
        DependencyError: onnxruntime is not installed.
        EngineFileError: ONNX Runtime cannot load the graph.
    """

    def __init__(self, model: ModelProto, tensors: tuple[str, ...] = ()) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise DependencyError(
                "onnxruntime is missing, which checks FP16 numerics without a GPU: "
                "pip install 'streammat[onnx]'"
            ) from error
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        data = _with_outputs(model, tensors).SerializeToString()
        try:
            self._session: Any = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # its exceptions derive from Exception only
            raise EngineFileError(f"the graph cannot be run on the CPU: {error}") from error
        self.outputs = tuple(item.name for item in self._session.get_outputs())

    def __call__(self, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """All outputs, and the inner tensors asked for, by name."""
        values = self._session.run(list(self.outputs), dict(inputs))
        return dict(zip(self.outputs, values, strict=True))


def _with_outputs(model: ModelProto, tensors: tuple[str, ...]) -> ModelProto:
    onnx = require_onnx()
    copy: ModelProto = onnx.ModelProto()
    copy.CopyFrom(model)
    kind = onnx.TensorProto.FLOAT
    items = [onnx.helper.make_tensor_value_info(name, kind, None) for name in tensors]
    copy.graph.output.extend(items)
    return copy
