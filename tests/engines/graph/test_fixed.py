from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import streammat
from streammat_engines.errors import EngineFileError
from streammat_engines.graph.emulate import CpuGraph
from streammat_engines.graph.fixed import fixed_graph, graph_sha256
from streammat_engines.openvino import OpenVinoEngine
from tests.engines.tiny_model import expected_focus, write_tiny_model
from tests.tolerances import ENGINE_F32, ENGINE_RUNTIMES

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"


def test_one_size_is_left_and_its_only_input_is_the_picture(tmp_path: Path) -> None:
    graph = fixed_graph(write_tiny_model(tmp_path / "tiny.onnx"), 64, 96)
    assert [item.name for item in graph.graph.input] == ["rgb"]
    rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, 64, 96)).astype(np.float32)
    found = CpuGraph(graph)({"rgb": rgb})
    np.testing.assert_allclose(found["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)


def test_the_default_model_computes_what_the_cpu_engine_computes() -> None:
    rgb = np.random.default_rng(1).uniform(0, 255, (1, 3, 64, 96)).astype(np.float32)
    engine = OpenVinoEngine(MODEL, (1, 3, 64, 96))
    expected = {s.name: np.zeros(s.shape, np.float32) for s in engine.manifest.outputs}
    engine.run({"rgb": rgb}, expected)
    found = CpuGraph(fixed_graph(MODEL, 64, 96))({"rgb": rgb})
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=ENGINE_RUNTIMES)


def test_weights_are_plain_fp32() -> None:
    graph = fixed_graph(MODEL, 64, 64)
    kinds = {weight.data_type for weight in graph.graph.initializer}
    assert onnx.TensorProto.FLOAT16 not in kinds
    assert all(node.op_type != "Cast" for node in graph.graph.node)


def test_the_batch_may_stay_open(tmp_path: Path) -> None:
    graph = fixed_graph(MODEL, 32, 32, batch=None)
    rgb = np.random.default_rng(2).uniform(0, 255, (3, 3, 32, 32)).astype(np.float32)
    together = CpuGraph(graph)({"rgb": rgb})["focus"]
    alone = CpuGraph(fixed_graph(MODEL, 32, 32))({"rgb": rgb[1:2]})["focus"]
    np.testing.assert_allclose(together[1:2], alone, atol=ENGINE_RUNTIMES)


def test_the_same_graph_has_the_same_hash_and_another_size_another() -> None:
    first, again, other = (graph_sha256(fixed_graph(MODEL, h, 32)) for h in (32, 32, 64))
    assert first == again != other


def test_files_that_are_no_model_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"\x08\x07 nothing of the kind")
    with pytest.raises(EngineFileError, match=r"broken.onnx is damaged or not ONNX"):
        fixed_graph(path, 64, 64)
    with pytest.raises(EngineFileError, match="does not exist"):
        fixed_graph(tmp_path / "absent.onnx", 64, 64)
    with pytest.raises(EngineFileError, match="has inputs image"):
        fixed_graph(write_tiny_model(tmp_path / "other.onnx", image_name="image"), 64, 64)
    with pytest.raises(EngineFileError, match="multiples of 32"):
        fixed_graph(MODEL, 64, 72)
