"""What is asked of TensorRT-RTX alone, over a fake that has nothing which the real one lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streammat_engines.errors import EngineError
from streammat_engines.tensorrt.api import Api
from streammat_engines.tensorrt.build import build_plan
from streammat_engines.tensorrt.runner import TensorRtEngine
from tests.engines.tensorrt import fake_rtx
from tests.engines.tensorrt.fake_cuda import FakeCuda
from tests.engines.tensorrt.fake_rtx import Builder, IExecutionContext, Runtime
from tests.engines.tensorrt.plans import request_for
from tests.engines.tensorrt.test_bindings import public
from tests.engines.tensorrt.test_runner import assert_computed, buffers, manifest
from tests.engines.tiny_model import write_tiny_model

API = Api("tensorrt-rtx", fake_rtx.fake_rtx(), "1.7.1")


@pytest.mark.parametrize("name", fake_rtx.REAL)
def test_the_fake_has_nothing_that_the_real_one_lacks(name: str) -> None:
    real = pytest.importorskip("tensorrt_rtx")
    missing = public(getattr(fake_rtx, name)) - set(dir(getattr(real, name)))
    assert not missing


def engine(cuda: FakeCuda, **options: Any) -> TensorRtEngine:
    return TensorRtEngine(b"plan", manifest(), API, cuda, **options)


def test_contexts_share_what_was_compiled_and_wait_for_kernels_of_a_new_batch() -> None:
    opened = engine(FakeCuda())
    for batch in (1, 3):
        opened.run(*buffers(batch))
    configs = [context._config for context in opened._engine._contexts]
    assert len(configs) == 2
    assert len({id(config._cache) for config in configs}) == 1
    assert configs[0]._cache is not None
    assert configs[0]._allocation.name == "USER_MANAGED"
    assert configs[0].dynamic_shapes_kernel_specialization_strategy.name == "EAGER"


def test_a_plan_that_cannot_be_captured_runs_without_graphs_and_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(IExecutionContext, "_capturable", False)
    cuda, said = FakeCuda(), list[str]()
    opened, (inputs, outputs) = engine(cuda, say=said.append), buffers(2)
    for _ in range(4):
        for out in outputs.values():
            out[...] = -1
        opened.run(inputs, outputs)
        assert_computed(inputs, outputs)
    assert (cuda.captures, cuda.launches) == (0, 0)
    assert "cannot be captured" in opened.graph_refusal
    assert [line for line in said if "no CUDA graph" in line and "slower" in line] == said
    assert len(said) == 1


def test_a_capture_that_fails_midway_is_given_up_and_the_batch_still_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def spoilt(self: FakeCuda, stream: Any, work: Any) -> Any:
        self.captures += 1
        raise RuntimeError("cudaErrorStreamCaptureInvalidated:\n operation failed")

    monkeypatch.setattr(FakeCuda, "capture", spoilt)
    cuda = FakeCuda()
    opened, sets = engine(cuda), [buffers(batch) for batch in (1, 2)]
    for _ in range(3):
        for inputs, outputs in sets:
            for out in outputs.values():
                out[...] = -1
            opened.run(inputs, outputs)
            assert_computed(inputs, outputs)
    assert (cuda.captures, cuda.launches) == (1, 0)
    assert opened.graph_refusal == "cudaErrorStreamCaptureInvalidated: operation failed"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    pytest.importorskip("onnx")
    return write_tiny_model(tmp_path / "tiny.onnx")


def test_a_plan_claims_its_memory_before_it_runs(model: Path) -> None:
    request = replace(request_for(model, precision="fp32"), backend="tensorrt-rtx")
    built = build_plan(request, API, gpu_present=False)
    assert Builder._config.flags == {"REQUIRE_USER_ALLOCATION"}
    assert built.targets == ("SM80", "SM86", "SM89", "SM120")


def test_a_gpu_that_it_has_no_name_for_gets_a_portable_plan(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = replace(request_for(model, precision="fp32"), backend="tensorrt-rtx")
    assert build_plan(request, API, gpu_present=True).targets == ("CURRENT",)
    monkeypatch.setattr(Runtime, "_picky", True)
    said: list[str] = []
    built = build_plan(request, API, gpu_present=True, say=said.append)
    assert (built.plan, built.targets) == (b"plan for ANY", ("ANY",))
    assert any("cannot run on this GPU" in line and "portable" in line for line in said)


def test_where_no_plan_loads_the_first_reason_is_told(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, plan: bytes) -> None:
        self._log.log("error", f"no {plan.decode()} here")

    monkeypatch.setattr(Runtime, "deserialize_cuda_engine", refuse)
    request = replace(request_for(model, precision="fp32"), backend="tensorrt-rtx")
    with pytest.raises(EngineError, match="no plan for CURRENT here"):
        build_plan(request, API, gpu_present=True)


def test_the_work_of_a_capture_is_ended_when_it_raises() -> None:
    from types import SimpleNamespace

    from streammat_engines.tensorrt.cuda import CupyCuda

    log: list[str] = []

    class Stream:
        def __enter__(self) -> None:
            log.append("enter")

        def __exit__(self, *_: object) -> None:
            log.append("exit")

        def begin_capture(self, mode: int) -> None:
            log.append(f"begin {mode}")

        def end_capture(self) -> str:
            log.append("end")
            if "raised" in log:
                raise RuntimeError("the capture was invalidated")
            return "graph"

    def work() -> None:
        log.append("raised")
        raise EngineError("TensorRT failed")

    cuda = object.__new__(CupyCuda)
    runtime = SimpleNamespace(streamCaptureModeThreadLocal=1)
    cuda._cupy = SimpleNamespace(cuda=SimpleNamespace(runtime=runtime))
    assert cuda.capture(Stream(), lambda: None) == "graph"
    log.clear()
    with pytest.raises(EngineError, match="TensorRT failed"):
        cuda.capture(Stream(), work)
    assert log == ["enter", "begin 1", "raised", "end", "exit"]
