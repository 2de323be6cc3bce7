from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxscript")

from streammat.models import Gfm, create_model, matrices_for  # noqa: E402
from streammat.models.export import INPUTS, OPSET, OUTPUTS, export_onnx  # noqa: E402

# The weights are rounded to FP16 in the reference too, so what is left is float32 sums in another
# order through some sixty layers, after the sigmoid.
RUNTIME_F32 = 3e-4

SIZES = [(288, 512), (512, 288), (320, 320), (96, 64)]


@pytest.fixture(scope="module")
def model() -> Gfm:
    """Random weights, every one exactly representable in FP16, batch norms not trivial."""
    torch.manual_seed(3)
    model = create_model().eval()
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.eps = 0.0
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(value.half().float())
    return model


@pytest.fixture(scope="module")
def file(model: Gfm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "model.onnx"
    logging.disable(logging.CRITICAL)  # pytest would keep the exporter's thousands of trace lines
    try:
        export_onnx(model, path)
    finally:
        logging.disable(logging.NOTSET)
    return path


def feeds(size: tuple[int, int], batch: int = 1) -> dict[str, np.ndarray[Any, Any]]:
    rgb = np.random.default_rng(0).uniform(0, 255, (batch, 3, *size)).astype(np.float32)
    matrices = {k: v.numpy() for k, v in matrices_for(*size)._asdict().items()}
    return {"rgb": rgb, **matrices}


def expected(model: Gfm, rgb: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    with torch.no_grad():
        return [plane.numpy() for plane in model(torch.from_numpy(rgb))]


@pytest.mark.parametrize("size", SIZES)
def test_onnx_runtime_equals_torch(model: Gfm, file: Path, size: tuple[int, int]) -> None:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    inputs = feeds(size)
    for got, want in zip(
        session.run(list(OUTPUTS), inputs), expected(model, inputs["rgb"]), strict=True
    ):
        np.testing.assert_allclose(got, want, atol=RUNTIME_F32)


@pytest.mark.parametrize("size", SIZES)
def test_openvino_equals_torch(model: Gfm, file: Path, size: tuple[int, int]) -> None:
    pytest.importorskip("openvino")
    from streammat_engines.openvino_module import openvino_core

    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino_core().compile_model(str(file), "CPU", hints)
    inputs = feeds(size)
    result = compiled(inputs)
    for name, want in zip(OUTPUTS, expected(model, inputs["rgb"]), strict=True):
        np.testing.assert_allclose(result[name], want, atol=RUNTIME_F32)


def test_the_graph_has_named_inputs_fp16_weights_and_plain_operators(file: Path) -> None:
    graph = onnx.load(file)
    assert [i.name for i in graph.graph.input] == list(INPUTS)
    assert [o.name for o in graph.graph.output] == list(OUTPUTS)
    assert graph.opset_import[0].version == OPSET
    assert 6e6 <= file.stat().st_size <= 8e6
    operators = {node.op_type for node in graph.graph.node}
    assert not operators & {"Shape", "Gather", "If", "Loop", "BatchNormalization", "NonZero"}


def test_the_graph_holds_no_local_paths(file: Path) -> None:
    data = file.read_bytes()
    assert b"site-packages" not in data
    assert b".py" not in data


def test_a_batch_of_two_runs(model: Gfm, file: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    inputs = feeds((64, 96), batch=2)
    glance, focus = session.run(list(OUTPUTS), inputs)
    want = expected(model, inputs["rgb"])
    np.testing.assert_allclose(glance, want[0], atol=RUNTIME_F32)
    np.testing.assert_allclose(focus, want[1], atol=RUNTIME_F32)
