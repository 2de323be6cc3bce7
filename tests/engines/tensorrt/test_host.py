"""The engine for frames in ordinary memory, over fakes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streammat.catalogue.cards import find_model
from streammat_engines.errors import EngineError
from streammat_kernels.errors import DeviceMemoryError
from tests.engines.tensorrt.fake_trt import ICudaEngine, device_array
from tests.gpu.late_gpu import LateGpu, fake_engine

CARD = find_model("gfm_lite0_tt")


def buffers() -> tuple[dict[str, Any], dict[str, Any]]:
    rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, 32, 64)).astype(np.float32)
    outputs = {n: np.empty((1, c, 32, 64), np.float32) for n, c in (("glance", 3), ("focus", 1))}
    return {"rgb": rgb}, outputs


def test_a_try_out_runs_the_network_once_and_keeps_no_buffers() -> None:
    opened: list[LateGpu] = []
    engine = fake_engine(CARD, 64, 32, opened)
    engine.try_out()
    assert opened[0].log.count("wait") == 1
    assert not engine._idle
    inputs, outputs = buffers()
    engine.run(inputs, outputs)
    np.testing.assert_array_equal(outputs["focus"], inputs["rgb"][:, :1] / np.float32(255))


def test_buffers_that_do_not_fit_show_in_the_try_out_and_nothing_stays_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any) -> None:
        raise DeviceMemoryError("the GPU has no room")

    engine = fake_engine(CARD, 64, 32)
    monkeypatch.setattr(LateGpu, "empty", full)
    with pytest.raises(DeviceMemoryError):
        engine.try_out()
    with pytest.raises(EngineError, match="closed"):
        engine.engine.submit(*_device_buffers())


def test_a_network_that_does_not_run_shows_in_the_try_out() -> None:
    engine = fake_engine(CARD, 64, 32)
    ICudaEngine._last._broken = True  # type: ignore[attr-defined]
    with pytest.raises(EngineError, match="TensorRT failed"):
        engine.try_out()


def _device_buffers() -> tuple[dict[str, Any], dict[str, Any]]:
    shapes = {"rgb": 3, "glance": 3, "focus": 1}
    made = {name: device_array((1, planes, 32, 64)) for name, planes in shapes.items()}
    return {"rgb": made.pop("rgb")}, made
