"""A still through TensorRT: the whole way from a model's name over a TensorRT without a GPU."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("filelock")

from streammat.errors import DeviceUnavailable
from streammat.gpu import engines
from streammat.matting.passes import open_pass, tensorrt
from streammat.matting.strategies import PassOutput, still_alpha
from streammat_engines.tensorrt.cache import PlanCache
from streammat_engines.tensorrt.obtain import Workshop
from streammat_engines.tensorrt.runner import TensorRtEngine
from tests.engines.tensorrt.fake_cuda import FakeCuda
from tests.engines.tensorrt.fake_trt import device_array
from tests.engines.tensorrt.plans import GPU, api
from tests.engines.tiny_model import write_tiny_model
from tests.matting.still_networks import ramp_picture


class OnFakeHost:
    """The engine for ordinary arrays, its copies made at once; stands where CuPy is needed."""

    def __init__(self, plan: bytes, manifest: Any, release: Any, say: Any) -> None:
        self._engine = TensorRtEngine(plan, manifest, release, FakeCuda(), say=say)
        self.tried_out = False
        self.manifest = self._engine.manifest
        self.requests = 1

    def try_out(self) -> None:
        self.tried_out = True

    def submit(self, inputs: Any, outputs: Any) -> Any:
        assert self.tried_out
        there = {name: device_array(a.shape) for name, a in {**inputs, **outputs}.items()}
        for name, array in inputs.items():
            there[name][...] = array
        given, made = ({name: there[name] for name in part} for part in (inputs, outputs))
        self._engine.run(given, made)
        for name, array in outputs.items():
            array[...] = there[name]
        return self

    def wait(self, ticket: Any) -> None:
        assert ticket is self

    def close(self) -> None:
        self._engine.close()


@pytest.fixture
def model(tmp_path: Path) -> str:
    return str(write_tiny_model(tmp_path / "tiny_tt.onnx"))


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A GPU of formulas; what is said while engines are built."""
    said: list[str] = []

    def shop(card: Any, backend: Any, say: Any) -> Workshop:
        return Workshop(api(), GPU, PlanCache(tmp_path / "plans"), say=said.append)

    monkeypatch.setattr(tensorrt, "missing_for_cuda", list)
    monkeypatch.setattr(engines, "default_backend", lambda: "tensorrt")
    monkeypatch.setattr(engines, "open_workshop", shop)
    monkeypatch.setattr(engines, "_on_host", OnFakeHost)
    return said


def test_a_pass_builds_an_engine_for_its_size_and_runs_it(model: str, gpu: list[str]) -> None:
    network = open_pass(model, "tensorrt")
    rgb = np.random.default_rng(0).uniform(0, 255, (64, 96, 3)).astype(np.float32)
    output = network(rgb)
    assert isinstance(output, PassOutput)
    np.testing.assert_array_equal(output.glance, rgb.transpose(2, 0, 1) / np.float32(255))
    np.testing.assert_array_equal(output.focus, rgb[..., 0] / np.float32(255))
    assert sum("building" in line for line in gpu) == 1
    network(rgb)
    network.close()
    open_pass(model, "tensorrt")(rgb)
    assert sum("building" in line for line in gpu) == 1  # the second time it lay in the cache


def test_a_still_seen_from_three_distances_takes_three_engines(model: str, gpu: list[str]) -> None:
    network = open_pass(model, "tensorrt")
    alpha = still_alpha(network, ramp_picture(400, 600), "multi-scale", "fast")
    assert sum("building" in line for line in gpu) == 3
    assert alpha.shape == (400, 600)
    assert alpha[:, :150].max() < 2000  # the network of formulas: alpha is red where red is least
    network.close()


def test_without_a_gpu_all_that_is_missing_is_named(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorrt, "missing_for_cuda", lambda: ["a GPU", "cupy (pip install it)"])
    with pytest.raises(DeviceUnavailable, match=r"needs a GPU; cupy \(pip install it\); or use"):
        open_pass(model, "tensorrt")
