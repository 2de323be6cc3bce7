from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import streammat
from streammat_engines.openvino import OpenVinoEngine
from streammat_engines.psp import psp_matrices
from tests.tolerances import ENGINE_RUNTIMES

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"


@pytest.mark.parametrize("size", [(160, 288), (288, 160), (96, 64), (32, 32)])
def test_baked_for_a_size_it_equals_onnx_runtime_with_matrices(size: tuple[int, int]) -> None:
    runtime = pytest.importorskip("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(MODEL), options, providers=["CPUExecutionProvider"])
    rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, *size)).astype(np.float32)
    expected = session.run(["glance", "focus"], {"rgb": rgb, **psp_matrices(*size)})
    engine = OpenVinoEngine(MODEL, (1, 3, *size))
    outputs = {spec.name: np.zeros(spec.shape, np.float32) for spec in engine.manifest.outputs}
    engine.run({"rgb": rgb}, outputs)
    for name, reference in zip(("glance", "focus"), expected, strict=True):
        np.testing.assert_allclose(outputs[name], reference, atol=ENGINE_RUNTIMES)
