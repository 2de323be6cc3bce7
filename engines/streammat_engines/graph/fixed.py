"""One ONNX file for every size -> the graph of one size: matrices baked, weights plain FP32."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.errors import DependencyError

from ..errors import EngineFileError
from ..farther import farther_size
from ..psp import STRIDE_PX, psp_matrices
from .second_glance import joined_looks

if TYPE_CHECKING:
    from onnx import ModelProto

__all__ = ["IMAGE_INPUT", "fixed_graph", "graph_sha256", "read_graph", "require_onnx"]

IMAGE_INPUT = "rgb"
BATCH = "batch"  # the name of the one dimension that may stay open


def require_onnx() -> Any:
    """The ``onnx`` package, which reads and writes graphs.

    Raises:
        DependencyError: it is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise DependencyError(
            "onnx is missing, which turns a model into a GPU engine: "
            "pip install 'streammat[tensorrt-rtx]' (or [tensorrt])"
        ) from error
    return onnx


def read_graph(path: Path) -> ModelProto:
    """A model file, checked.

    Raises:
        EngineFileError: it is missing, damaged, or no ONNX.
        DependencyError: onnx is not installed.
    """
    onnx = require_onnx()
    try:
        model: ModelProto = onnx.load(str(path))
        onnx.checker.check_model(model)
    except FileNotFoundError:
        raise EngineFileError(
            f"model file {path} does not exist: check the path, or name a model that "
            "'streammat models' lists"
        ) from None
    except Exception as error:  # onnx and protobuf raise several types
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise EngineFileError(f"model file {path} is damaged or not ONNX: {reason}") from error
    return model


def fixed_graph(
    path: Path,
    height: int,
    width: int,
    batch: int | None = 1,
    *,
    second_glance: bool = False,
) -> ModelProto:
    """The graph of ``path`` for one size: its only input is ``rgb`` (B, 3, H, W) float32 0..255.

    The pooling matrices become constants, half-precision weights plain FP32 (their Casts go), so
    that what follows sees an ordinary FP32 graph.

    Args:
        path: an ONNX file as streammat's exporter writes it.
        height, width: of ``rgb``; multiples of 32.
        batch: pictures at a time; None leaves it open.
        second_glance: glance is the mean of two looks, see `second_glance`; sizes that are too
            small for a second one get one.

    Raises:
        EngineFileError: the file is damaged or of another form, or a side is no multiple of 32.
        DependencyError: onnx is not installed.
    """
    if min(height, width) < STRIDE_PX or height % STRIDE_PX or width % STRIDE_PX:
        raise EngineFileError(
            f"network size {width}x{height}: both sides must be multiples of {STRIDE_PX}, "
            f"at least {STRIDE_PX}"
        )
    model = read_graph(path)
    _fold_weight_casts(model)
    _bake(model, psp_matrices(height, width))
    names = [item.name for item in model.graph.input]
    if names != [IMAGE_INPUT]:
        raise EngineFileError(
            f"model file {path} has inputs {', '.join(names)}; expected are {IMAGE_INPUT} and the "
            "pooling matrices pool_h, pool_w, up_h, up_w: export it with streammat's exporter"
        )
    _fix_shape(model, height, width, batch)
    farther = farther_size(height, width) if second_glance else None
    if farther is None:
        return model
    far = fixed_graph(path, *farther, batch)
    return joined_looks(model, far, IMAGE_INPUT, (height, width), farther)


def graph_sha256(model: ModelProto) -> str:
    """Hash of the whole graph, weights included; the same graph always gives the same one."""
    return hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest()


def _fold_weight_casts(model: ModelProto) -> None:
    """Weights that are stored in FP16 and cast when the graph runs become FP32 weights."""
    onnx = require_onnx()
    stored = {weight.name: weight for weight in model.graph.initializer}
    kept, folded = [], set()
    for node in model.graph.node:
        weight = stored.get(node.input[0]) if node.op_type == "Cast" else None
        if weight is None or node.attribute[0].i != onnx.TensorProto.FLOAT:
            kept.append(node)
            continue
        values = onnx.numpy_helper.to_array(weight).astype(np.float32)
        model.graph.initializer.append(onnx.numpy_helper.from_array(values, node.output[0]))
        folded.add(weight.name)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    used = {name for node in kept for name in node.input}
    _keep_initializers(model, lambda name: name not in folded or name in used)


def _bake(model: ModelProto, matrices: dict[str, NDArray[np.float32]]) -> None:
    """Put constants in place of the graph inputs of these names."""
    onnx = require_onnx()
    inputs = list(model.graph.input)
    for item in inputs:
        if item.name in matrices:
            constant = onnx.numpy_helper.from_array(matrices[item.name], item.name)
            model.graph.initializer.append(constant)
    del model.graph.input[:]
    model.graph.input.extend(item for item in inputs if item.name not in matrices)


def _fix_shape(model: ModelProto, height: int, width: int, batch: int | None) -> None:
    shape = (batch, 3, height, width)
    dims = model.graph.input[0].type.tensor_type.shape.dim
    for dim, length in zip(dims, shape, strict=True):
        dim.Clear()
        if length is None:
            dim.dim_param = BATCH
        else:
            dim.dim_value = length
    for item in model.graph.output:  # one plane count each; the sizes are the input's
        out = item.type.tensor_type.shape.dim
        for place in (0, 2, 3):
            out[place].CopyFrom(dims[place])
    del model.graph.value_info[:]


def _keep_initializers(model: ModelProto, wanted: Any) -> None:
    kept = [weight for weight in model.graph.initializer if wanted(weight.name)]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
