"""PyTorch model -> one ONNX file for every size, its weights stored as FP16.

Graph inputs: rgb (B, 3, H, W) float32 0..255 and the four pooling matrices (see `psp`); outputs
glance and focus, for RIM those of each representation: fusing and merging them is for kernels. B, H
and W are dynamic, H = 32 h, W = 32 w. Weights may be FP16 initialisers followed by a Cast to FP32:
engines fold the Cast when they load, so the arithmetic stays FP32 and the file is half as large.
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from streammat.models.batch_norms import fold_batch_norms
from streammat.models.psp import PspMatrices, matrices_for
from streammat.models.registry import GfmNetwork
from streammat.models.rim import HEADS, RimGfm

OPSET = 17
INPUTS = ("rgb", "pool_h", "pool_w", "up_h", "up_w")
OUTPUTS = ("glance", "focus")
FP16_MIN_ELEMENTS = 64  # smaller initialisers (scales, biases of a few channels) stay FP32


class _Graph(nn.Module):
    """The model with its inputs and outputs as flat tensors."""

    def __init__(self, model: GfmNetwork) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, rgb: Tensor, pool_h: Tensor, pool_w: Tensor, up_h: Tensor, up_w: Tensor
    ) -> tuple[Tensor, ...]:
        matrices = PspMatrices(pool_h, pool_w, up_h, up_w)
        if isinstance(self.model, RimGfm):
            tt, ft, bt = self.model.heads(rgb, matrices)
            return (*tt, *ft, *bt)
        output = self.model(rgb, matrices)
        return output.glance, output.focus


def output_names(model: GfmNetwork) -> tuple[str, ...]:
    """Names of the graph's outputs: glance and focus, for RIM ``glance_tt`` ... ``focus_bt``."""
    if isinstance(model, RimGfm):
        return tuple(f"{name}_{rosta.lower()}" for rosta in HEADS for name in OUTPUTS)
    return OUTPUTS


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's notes on operator sets and packages that it would like to have."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _trace(graph: nn.Module, outputs: tuple[str, ...]) -> onnx.ModelProto:
    height, width = 288, 512
    batch, h, w = (torch.export.Dim(name) for name in ("batch", "h", "w"))
    shapes = ({0: batch, 2: 32 * h, 3: 32 * w}, {1: h}, {0: w}, {0: h}, {1: w})
    rgb = torch.zeros(2, 3, height, width)
    with _quiet():
        program = torch.onnx.export(
            graph.eval(),
            (rgb, *matrices_for(height, width)),
            input_names=INPUTS,
            output_names=outputs,
            opset_version=OPSET,
            dynamo=True,
            dynamic_shapes=shapes,
            verbose=False,
        )
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        program.save(path)
        return onnx.load(path)


def halve_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store every large FP32 initialiser as FP16 with a Cast back to FP32; changes `model`."""
    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype != np.float32 or values.size < FP16_MIN_ELEMENTS:
            continue
        if not np.all(np.abs(values) <= np.finfo(np.float16).max):
            raise ValueError(f"{weight.name} does not fit into FP16")
        name = weight.name
        half = numpy_helper.from_array(values.astype(np.float16), f"{name}_fp16")
        weight.CopyFrom(half)
        casts.append(onnx.helper.make_node("Cast", [half.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    del model.graph.value_info[:]
    return model


def _strip(model: onnx.ModelProto) -> None:
    """Remove the exporter's notes (source lines, local paths)."""
    model.doc_string = ""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for item in [*model.graph.node, *model.graph.input, *model.graph.output]:
        item.doc_string = ""
        del item.metadata_props[:]


def export_onnx(model: GfmNetwork, path: Path, half: bool = True) -> None:
    """Write `model` as ONNX to `path`, atomically; checked by onnx before it is moved in place.

    Args:
        model: is not changed.
        path: of the file.
        half: weights as FP16, half the size; False keeps every weight as it is.
    """
    folded = fold_batch_norms(model)
    graph = _trace(_Graph(folded), output_names(folded))
    _strip(graph)
    if half:
        halve_weights(graph)
    onnx.checker.check_model(graph)
    partial = path.with_suffix(".partial")
    try:
        partial.write_bytes(graph.SerializeToString())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # of a full disk
