from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_engines.engine import run
from streammat_engines.errors import EngineError, EngineFileError
from streammat_engines.openvino import OpenVinoEngine
from streammat_kernels.errors import ShapeError
from tests.engines.tiny_model import expected_focus, expected_glance, write_tiny_model
from tests.tolerances import ENGINE_F32

SIZE = (96, 160)
SHAPE = (1, 3, *SIZE)
Buffers = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny_tt.onnx")


def picture(seed: int, size: tuple[int, int] = SIZE) -> NDArray[np.float32]:
    return np.random.default_rng(seed).uniform(0, 255, (1, 3, *size)).astype(np.float32)


def buffers(size: tuple[int, int] = SIZE) -> Buffers:
    return {
        "glance": np.full((1, 3, *size), np.nan, np.float32),
        "focus": np.full((1, 1, *size), np.nan, np.float32),
    }


@pytest.mark.parametrize("size", [(96, 160), (160, 96), (32, 32), (288, 512)])
def test_one_file_serves_every_size(model: Path, size: tuple[int, int]) -> None:
    engine = OpenVinoEngine(model, (1, 3, *size))
    rgb, out = picture(1, size), buffers(size)
    run(engine, {"rgb": rgb}, out)
    np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)
    np.testing.assert_allclose(out["glance"][0], expected_glance(rgb[0]), atol=ENGINE_F32)


def test_a_graph_without_pooling_needs_no_matrices(tmp_path: Path) -> None:
    engine = OpenVinoEngine(write_tiny_model(tmp_path / "plain.onnx", psp=False), SHAPE)
    rgb, out = picture(2), buffers()
    engine.run({"rgb": rgb}, out)
    np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)


def test_frames_in_flight_keep_their_own_buffers(model: Path) -> None:
    engine = OpenVinoEngine(model, SHAPE, requests=2, threads=2)
    pictures = [picture(seed) for seed in range(7)]
    outs = [buffers() for _ in pictures]
    tickets = [engine.submit({"rgb": rgb}, out) for rgb, out in zip(pictures, outs, strict=True)]
    for ticket in reversed(tickets):
        engine.wait(ticket)
    for rgb, out in zip(pictures, outs, strict=True):
        np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)


def test_the_input_is_read_when_the_frame_is_submitted_not_when_bound(model: Path) -> None:
    engine = OpenVinoEngine(model, SHAPE)
    rgb, out = picture(3), buffers()
    engine.run({"rgb": rgb}, out)
    rgb[:] = picture(4)
    engine.run({"rgb": rgb}, out)
    np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)


def test_the_manifest_says_what_was_built(model: Path) -> None:
    manifest = OpenVinoEngine(model, SHAPE, requests=2, threads=3).manifest
    assert manifest.sha256 == hashlib.sha256(model.read_bytes()).hexdigest()
    assert [(spec.name, spec.shape) for spec in manifest.inputs] == [("rgb", SHAPE)]
    assert {spec.name: spec.shape for spec in manifest.outputs} == {
        "glance": (1, 3, *SIZE),
        "focus": (1, 1, *SIZE),
    }
    assert (manifest.requests, manifest.threads) == (2, 3)
    assert manifest.to_dict()["runtime"].startswith("openvino 20")


def test_a_compiled_graph_is_kept_in_the_cache_folder(model: Path, tmp_path: Path) -> None:
    for _ in range(2):
        engine = OpenVinoEngine(model, SHAPE, cache_dir=tmp_path)
        rgb, out = picture(5), buffers()
        engine.run({"rgb": rgb}, out)
        np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)
    assert len(list(tmp_path.glob("*.blob"))) == 1


@pytest.mark.parametrize("size", [(100, 160), (96, 170), (0, 32), (16, 32)])
def test_a_size_off_the_grid_is_refused(model: Path, size: tuple[int, int]) -> None:
    with pytest.raises(EngineFileError, match=f"{size[1]}x{size[0]}.*multiples of 32"):
        OpenVinoEngine(model, (1, 3, *size))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineFileError, match=r"nowhere\.onnx does not exist"):
        OpenVinoEngine(tmp_path / "nowhere.onnx", SHAPE)


@pytest.mark.parametrize("keep", [0, 40, 300])
def test_a_damaged_file_is_one_line(
    model: Path, tmp_path: Path, keep: int, capfd: pytest.CaptureFixture[str]
) -> None:
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(model.read_bytes()[:keep])
    with pytest.raises(EngineFileError, match="damaged") as caught:
        OpenVinoEngine(damaged, SHAPE)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
    assert capfd.readouterr().err == ""


def test_a_file_of_another_hash_is_refused(model: Path) -> None:
    with pytest.raises(EngineFileError, match="card says 000000000000"):
        OpenVinoEngine(model, SHAPE, sha256="0" * 64)
    with pytest.raises(EngineFileError, match=r"\.\.\.; bake it anew$"):
        OpenVinoEngine(model, SHAPE, sha256="0" * 64, remedy="bake it anew")


def test_other_inputs_are_refused(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "other.onnx", image_name="picture")
    with pytest.raises(EngineFileError, match="has inputs picture; expected are rgb"):
        OpenVinoEngine(path, SHAPE)


@pytest.mark.parametrize(
    ("name", "array", "fault"),
    [
        ("rgb", np.zeros((1, 3, 32, 32), np.float32), "shape"),
        ("rgb", np.zeros(SHAPE, np.float64), "dtype float64"),
        ("rgb", np.zeros((1, *SIZE, 3), np.float32).transpose(0, 3, 1, 2), "C-contiguous"),
        ("image", np.zeros(SHAPE, np.float32), r"\['image'\] given, \['rgb'\] expected"),
    ],
)
def test_wrong_arrays_are_refused(
    model: Path, name: str, array: NDArray[np.float32], fault: str
) -> None:
    engine = OpenVinoEngine(model, SHAPE)
    with pytest.raises(ShapeError, match=fault):
        engine.submit({name: array}, buffers())


def test_read_only_outputs_are_refused(model: Path) -> None:
    out = buffers()
    out["focus"].flags.writeable = False
    with pytest.raises(ShapeError, match="focus: the array is read-only"):
        OpenVinoEngine(model, SHAPE).submit({"rgb": picture(0)}, out)


def test_a_ticket_is_redeemed_once(model: Path) -> None:
    engine = OpenVinoEngine(model, SHAPE)
    ticket = engine.submit({"rgb": picture(0)}, buffers())
    engine.wait(ticket)
    with pytest.raises(EngineError, match="redeemed once"):
        engine.wait(ticket)


def test_closing_waits_for_frames_under_way_and_may_be_repeated(model: Path) -> None:
    engine = OpenVinoEngine(model, SHAPE)
    rgb, out = picture(6), buffers()
    ticket = engine.submit({"rgb": rgb}, out)
    engine.close()
    engine.close()
    np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)
    engine.wait(ticket)
    with pytest.raises(EngineError, match="closed"):
        engine.submit({"rgb": rgb}, out)


@pytest.mark.parametrize("keep", [0, 100])
def test_a_cache_that_was_cut_off_is_made_anew(model: Path, tmp_path: Path, keep: int) -> None:
    OpenVinoEngine(model, SHAPE, cache_dir=tmp_path)
    (blob,) = tmp_path.glob("*.blob")
    whole = blob.stat().st_size
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes()[:keep])
    engine = OpenVinoEngine(model, SHAPE, cache_dir=tmp_path)
    rgb, out = picture(7), buffers()
    engine.run({"rgb": rgb}, out)
    np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)
    assert blob.stat().st_size >= whole


def test_a_cache_that_cannot_be_used_costs_time_and_nothing_else(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    engine = OpenVinoEngine(model, SHAPE, cache_dir=tmp_path / "file" / "cache")
    assert "CACHE_DIR" not in engine.manifest.options
    rgb, out = picture(8), buffers()
    engine.run({"rgb": rgb}, out)
    np.testing.assert_allclose(out["focus"][0, 0], expected_focus(rgb[0]), atol=ENGINE_F32)
