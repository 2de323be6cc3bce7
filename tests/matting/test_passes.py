"""Passes through real engines, over a tiny graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streammat.errors import ConfigError, EngineFileError
from streammat.matting.arrays import ArrayMatter
from streammat.matting.passes import ENGINES, open_pass
from streammat.matting.strategies import still_alpha
from streammat.settings import MatteSettings
from tests.engines.tiny_model import write_tiny_model
from tests.matting.still_networks import ramp_picture
from tests.tolerances import BLEND_CODES


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    return str(write_tiny_model(tmp_path / "tiny_tt.onnx"))


def test_single_is_what_a_clip_gets_bit_for_bit(model: str) -> None:
    rgb = ramp_picture(70, 110)
    network = open_pass(model)
    settings = MatteSettings(model=model, size="fast", strategy="single", smooth="off", threads=1)
    with ArrayMatter(settings) as matter:
        wanted, _ = matter(rgb)
    np.testing.assert_array_equal(still_alpha(network, rgb, "single", "fast"), wanted)
    network.close()


def test_a_clip_at_a_large_size_gets_a_second_glance(model: str) -> None:
    rgb = ramp_picture(130, 210)
    network = open_pass(model)
    with ArrayMatter(MatteSettings(model=model, size="best", smooth="off", threads=1)) as matter:
        found, _ = matter(rgb)
        assert matter.describe() == "tiny_tt 736x480+384x256"
    wanted = still_alpha(network, rgb, "second-glance", "best")
    assert np.abs(found.astype(int) - wanted.astype(int)).max() <= BLEND_CODES
    network.close()


def test_a_picture_in_memory_takes_the_strategies_of_stills(model: str) -> None:
    rgb = ramp_picture(100, 130)
    network = open_pass(model)
    settings = MatteSettings(model=model, strategy="hybrid", smooth="off", threads=1)
    with ArrayMatter(settings) as matter:
        alpha, _ = matter(rgb)
        assert matter.describe() == "tiny_tt hybrid"
    np.testing.assert_array_equal(alpha, still_alpha(network, rgb, "hybrid"))
    network.close()


def test_compiled_sizes_beyond_three_make_room(model: str) -> None:
    network = open_pass(model)
    small = np.zeros((32, 32, 3), np.float32)
    first = network(small)
    for width in (64, 96, 128, 160):
        network(np.zeros((32, width, 3), np.float32))
    for found, wanted in zip(network(small), first, strict=True):
        np.testing.assert_array_equal(np.asarray(found), np.asarray(wanted))
    network.close()


@pytest.mark.parametrize("engine", ["openvino", "onnx"])
def test_a_damaged_file_is_refused(tmp_path: Path, engine: str) -> None:
    pytest.importorskip("onnxruntime")
    path = tmp_path / "bad_tt.onnx"
    path.write_bytes(b"no graph")
    with pytest.raises(EngineFileError, match="damaged or not a GFM graph"):
        open_pass(str(path), engine)(np.zeros((32, 32, 3), np.float32))


def test_engines_that_cannot_be_are_refused() -> None:
    assert "tensorrt" in ENGINES
    with pytest.raises(ConfigError, match="engine 'tvm': use openvino"):
        open_pass("gfm_lite0_tt", "tvm")
    with pytest.raises(ConfigError, match="has a graph alone"):
        open_pass("gfm_lite0_tt", "torch")
