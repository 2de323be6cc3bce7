"""PyTorch in TensorRT's place: the same arrays in and out, the CPU engine's values."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from streammat import device
from streammat.catalogue.cards import find_model
from streammat.matting.passes import tensorrt
from streammat_engines.openvino import OpenVinoEngine
from tests.tolerances import ENGINE_RUNTIMES

pytest.importorskip("onnx")
pytest.importorskip("torch", reason="no torch: the extra [torch] is not installed")

H, W = 192, 224  # large enough for a second glance


@pytest.mark.parametrize("twice", [False, True])
def test_its_maps_are_those_of_the_cpus_engine(twice: bool) -> None:
    from benchmarks.gpu.torch_engine import TorchEngine

    card = find_model("gfm_lite0_tt")
    rgb = np.random.default_rng(0).uniform(0, 255, (1, 3, H, W)).astype(np.float32)
    found = []
    for engine in (
        TorchEngine(card, H, W, None, second_glance=twice),
        OpenVinoEngine(card.path, (1, 3, H, W), second_glance=twice),
    ):
        with closing(engine):
            names = {spec.name: spec.shape for spec in engine.manifest.outputs}
            outputs = {name: np.full(shape, np.nan, np.float32) for name, shape in names.items()}
            engine.run({"rgb": rgb}, outputs)
            found.append(outputs)
    assert list(found[0]) == list(found[1]) == ["glance", "focus"]
    for name, values in found[0].items():
        assert np.abs(values - found[1][name]).max() < ENGINE_RUNTIMES


def test_it_stands_in_for_tensorrt_until_the_case_ends() -> None:
    from benchmarks.gpu.matte_case import network_of
    from benchmarks.gpu.torch_engine import open_with_torch

    before = tensorrt.open_on_gpu
    with network_of("torch"):
        assert tensorrt.open_on_gpu is open_with_torch
        assert device.choose_device("cuda").kind == "cuda"
    assert tensorrt.open_on_gpu is before
    with network_of("tensorrt"):
        assert tensorrt.open_on_gpu is before
