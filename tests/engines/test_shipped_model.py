from __future__ import annotations

from contextlib import closing
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


def test_frames_in_flight_equal_frames_one_at_a_time() -> None:
    rng = np.random.default_rng(1)
    pictures = [rng.uniform(0, 255, (1, 3, 64, 96)).astype(np.float32) for _ in range(5)]
    with closing(OpenVinoEngine(MODEL, (1, 3, 64, 96), requests=2, threads=2)) as engine:
        specs = engine.manifest.outputs
        apart = [{s.name: np.zeros(s.shape, np.float32) for s in specs} for _ in pictures]
        for rgb, out in zip(pictures, apart, strict=True):
            engine.run({"rgb": rgb}, out)
        together = [{s.name: np.full(s.shape, np.nan, np.float32) for s in specs} for _ in pictures]
        pairs = zip(pictures, together, strict=True)
        for ticket in [engine.submit({"rgb": rgb}, out) for rgb, out in pairs]:
            engine.wait(ticket)
    for one, other in zip(apart, together, strict=True):
        assert one["focus"].min() >= 0
        assert one["focus"].max() <= 1
        for name in ("glance", "focus"):
            np.testing.assert_array_equal(one[name], other[name])
    assert not np.array_equal(apart[0]["glance"], apart[1]["glance"])
