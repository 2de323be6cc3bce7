"""TensorRT 8.6, which chooses types by itself: what has to stay FP32 is pinned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streammat_engines.errors import EngineFileError
from streammat_engines.tensorrt.api import Api
from streammat_engines.tensorrt.build import build_plan
from streammat_engines.tensorrt.runner import TensorRtEngine
from tests.engines.tensorrt.fake_cuda import FakeCuda
from tests.engines.tensorrt.fake_trt86 import CLASSES, Builder, fake_module_86
from tests.engines.tensorrt.plans import request_for
from tests.engines.tensorrt.test_bindings import FOLDER, public
from tests.engines.tensorrt.test_build import convolved
from tests.engines.tensorrt.test_runner import assert_computed, buffers, manifest
from tests.engines.tiny_model import write_tiny_model

onnx = pytest.importorskip("onnx")

API = Api("tensorrt", fake_module_86(), "8.6.0")
REAL = json.loads((FOLDER / "tensorrt-8.6.json").read_text())["classes"]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return convolved(write_tiny_model(tmp_path / "tiny.onnx"))


@pytest.mark.parametrize("name", CLASSES)
def test_whatever_is_touched_exists_in_the_released_8_6(name: str) -> None:
    missing = public(CLASSES[name]) - set(REAL[name])
    assert not missing, f"{name} of TensorRT 8.6 has no {missing}"


def test_the_builder_chooses_half_but_pooling_and_sigmoids_are_pinned(model: Path) -> None:
    said: list[str] = []
    built = build_plan(request_for(model), API, gpu_present=True, say=said.append)
    graph = onnx.load_model_from_string(built.plan)
    assert all(w.data_type != onnx.TensorProto.FLOAT16 for w in graph.graph.initializer)
    assert Builder._config.flags == {"FP16", "OBEY_PRECISION_CONSTRAINTS"}
    pinned = [layer.precision is API.trt.float32 for layer in Builder._network86._found]
    kept = [node.op_type in {"MatMul", "Sigmoid"} for node in graph.graph.node]
    assert pinned == kept
    assert {True, False} == set(pinned)
    assert [spec.dtype for spec in (*built.inputs, *built.outputs)] == ["float32"] * 3
    assert said == []  # 8.6 has no progress monitor


@pytest.mark.parametrize(("precision", "first"), [("fp16", "Mul"), ("fp32", "Conv")])
def test_raw_pictures_are_scaled_where_the_builder_may_choose_half(
    precision: Any, first: str, model: Path
) -> None:
    built = build_plan(request_for(model, precision=precision), API, gpu_present=True)
    graph = onnx.load_model_from_string(built.plan).graph
    assert graph.node[0].op_type == first
    assert graph.node[0].input[0] == "rgb"


def test_a_dynamic_batch_is_refused_as_contexts_cannot_share_its_profile(model: Path) -> None:
    with pytest.raises(EngineFileError, match=r"8\.6\.0 cannot run .* one --batch at a time"):
        build_plan(request_for(model, batch=8, dynamic=True), API, gpu_present=True)


def test_fp32_pins_nothing(model: Path) -> None:
    build_plan(request_for(model, precision="fp32"), API, gpu_present=True)
    assert Builder._config.flags == set()
    assert all(layer.precision is None for layer in Builder._network86._found)


def test_other_weights_need_a_newer_release(model: Path) -> None:
    with pytest.raises(EngineFileError, match=r"--refit: tensorrt 8\.6\.0.*10 or 11"):
        build_plan(request_for(model, refit=True), API, gpu_present=True)


def test_contexts_own_their_memory() -> None:
    cuda: Any = FakeCuda(free_bytes=0)
    made = replace(manifest(), version="8.6.0")
    engine = TensorRtEngine(b"plan", made, API, cuda)
    inputs, outputs = buffers(2)
    for seed in (0, 1, 2):
        inputs["rgb"][...] = np.float32(seed)
        engine.run(inputs, outputs)
        assert_computed(inputs, outputs)
    engine.close()
