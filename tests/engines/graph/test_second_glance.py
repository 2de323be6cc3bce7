"""A graph that looks twice, on every runtime that is here: against two passes put together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import streammat
from streammat.catalogue.cards import find_model
from streammat.matting.passes.openvino import openvino_pass
from streammat.matting.strategies.second_glance import SecondGlance
from streammat_engines.errors import EngineFileError
from streammat_engines.farther import farther_size
from streammat_engines.graph.emulate import CpuGraph
from streammat_engines.graph.fixed import fixed_graph
from streammat_engines.openvino import OpenVinoEngine
from tests.engines.tiny_model import expected_focus, write_tiny_model
from tests.tolerances import ENGINE_F32, ENGINE_RUNTIMES

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

MODEL = Path(streammat.__file__).parent / "weights" / "gfm_lite0_tt.onnx"
SIZE = (192, 256)
Arrays = dict[str, NDArray[np.float32]]


def picture(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """Coarse blotches, so that shrinking it keeps something."""
    coarse = np.random.default_rng(seed).uniform(0, 255, (1, 3, height // 16, width // 16))
    return np.ascontiguousarray(coarse.repeat(16, 2).repeat(16, 3), np.float32)


def computed(engine: OpenVinoEngine, rgb: NDArray[np.float32]) -> Arrays:
    found = {s.name: np.zeros(s.shape, np.float32) for s in engine.manifest.outputs}
    engine.run({"rgb": rgb}, found)
    return found


def test_openvino_gives_what_two_passes_give() -> None:
    rgb = picture(*SIZE)
    network = openvino_pass(find_model("gfm_lite0_tt"))
    expected = SecondGlance(network)(np.ascontiguousarray(rgb[0].transpose(1, 2, 0)))  # type: ignore[arg-type]
    found = computed(OpenVinoEngine(MODEL, (1, 3, *SIZE), second_glance=True), rgb)
    np.testing.assert_allclose(found["glance"][0], expected.glance, atol=ENGINE_RUNTIMES)
    np.testing.assert_allclose(found["focus"][0, 0], expected.focus, atol=ENGINE_RUNTIMES)
    once = computed(OpenVinoEngine(MODEL, (1, 3, *SIZE)), rgb)
    assert np.abs(found["glance"] - once["glance"]).max() > 0.01
    np.testing.assert_allclose(found["focus"], once["focus"], atol=ENGINE_RUNTIMES)


def test_the_onnx_graph_gives_what_openvino_gives() -> None:
    rgb = picture(*SIZE, seed=1)
    expected = computed(OpenVinoEngine(MODEL, (1, 3, *SIZE), second_glance=True), rgb)
    found = CpuGraph(fixed_graph(MODEL, *SIZE, second_glance=True))({"rgb": rgb})
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, atol=ENGINE_RUNTIMES)


@pytest.mark.parametrize("size", [(736, 1280), (544, 960), (224, 416), (192, 1088)])
def test_every_size_can_be_joined(tmp_path: Path, size: tuple[int, int]) -> None:
    model = write_tiny_model(tmp_path / "tiny.onnx")
    rgb = picture(*size)
    found = CpuGraph(fixed_graph(model, *size, second_glance=True))({"rgb": rgb})
    assert found["glance"].shape == (1, 3, *size)
    np.testing.assert_allclose(found["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)


def test_both_looks_share_their_weights_and_nothing_is_left_over() -> None:
    once, twice = fixed_graph(MODEL, *SIZE), fixed_graph(MODEL, *SIZE, second_glance=True)
    assert twice.ByteSize() < 1.05 * once.ByteSize()
    made = {name for node in twice.graph.node for name in node.output}
    used = {name for node in twice.graph.node for name in node.input} | {"glance", "focus"}
    assert made <= used
    assert {item.name for item in twice.graph.initializer} <= used
    onnx.checker.check_model(twice, full_check=True)


def test_the_batch_may_stay_open() -> None:
    rgb = np.concatenate([picture(*SIZE, seed=seed) for seed in (1, 2)])
    together = CpuGraph(fixed_graph(MODEL, *SIZE, batch=None, second_glance=True))({"rgb": rgb})
    alone = CpuGraph(fixed_graph(MODEL, *SIZE, second_glance=True))({"rgb": rgb[1:]})
    np.testing.assert_allclose(together["glance"][1:], alone["glance"], atol=ENGINE_RUNTIMES)


def test_a_size_too_small_for_a_second_look_gets_one() -> None:
    assert farther_size(160, 288) is None
    assert farther_size(256, 448) == (128, 224)
    once, twice = fixed_graph(MODEL, 64, 96), fixed_graph(MODEL, 64, 96, second_glance=True)
    assert once == twice


def test_a_network_without_one_glance_is_refused_on_both_runtimes(tmp_path: Path) -> None:
    model = onnx.load(str(write_tiny_model(tmp_path / "tiny.onnx")))
    for name in ("glance", "focus"):
        model.graph.node.append(onnx.helper.make_node("Identity", [name], [f"{name}_tt"]))
    for item in model.graph.output:
        item.name = f"{item.name}_tt"
    onnx.save(model, str(tmp_path / "three.onnx"))
    for refused in (
        lambda: fixed_graph(tmp_path / "three.onnx", *SIZE, second_glance=True),
        lambda: OpenVinoEngine(tmp_path / "three.onnx", (1, 3, *SIZE), second_glance=True),
    ):
        with pytest.raises(EngineFileError, match="focus_tt, glance_tt: use --strategy single"):
            refused()
