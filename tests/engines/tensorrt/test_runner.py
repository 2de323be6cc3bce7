from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from streammat_engines.errors import EngineError, EngineFileError, EngineMemoryError
from streammat_engines.tensorrt.api import Api
from streammat_engines.tensorrt.plan import PlanManifest, PlanTensor
from streammat_engines.tensorrt.runner import TensorRtEngine
from streammat_kernels.errors import ShapeError
from tests.engines.tensorrt import fake_trt
from tests.engines.tensorrt.fake_cuda import FakeCuda
from tests.engines.tensorrt.fake_trt import (
    REFUSED,
    TOO_LARGE,
    ICudaEngine,
    device_array,
    fake_module,
)
from tests.engines.tensorrt.plans import plan_of

H, W = 4, 6


def manifest(batches: tuple[int, int, int] = (1, 8, 8)) -> PlanManifest:
    largest = batches[2]
    planes = {"rgb": 3, "glance": 3, "focus": 1}
    tensors = {n: PlanTensor(n, (largest, c, H, W), "float32") for n, c in planes.items()}
    return replace(
        plan_of("x" * 16),
        inputs=(tensors["rgb"],),
        outputs=(tensors["glance"], tensors["focus"]),
        batches=batches,
    )


def opened(cuda: FakeCuda, plan: bytes = b"plan", **options: Any) -> TensorRtEngine:
    api = Api("tensorrt", fake_module("11.4.0"), "11.4.0")
    made = options.pop("manifest", None) or manifest()
    return TensorRtEngine(plan, made, api, cuda, **options)


def buffers(batch: int, seed: int = 0) -> tuple[dict[str, Any], dict[str, Any]]:
    rgb = device_array((batch, 3, H, W))
    rgb[...] = np.random.default_rng(seed).uniform(0, 255, rgb.shape)
    outputs = {"glance": device_array((batch, 3, H, W)), "focus": device_array((batch, 1, H, W))}
    return {"rgb": rgb}, outputs


def assert_computed(inputs: dict[str, Any], outputs: dict[str, Any]) -> None:
    expected = np.asarray(inputs["rgb"]) / np.float32(255)
    np.testing.assert_array_equal(np.asarray(outputs["glance"]), expected)
    np.testing.assert_array_equal(np.asarray(outputs["focus"]), expected[:, :1])


def test_outputs_are_written_when_the_ticket_is_redeemed() -> None:
    engine = opened(FakeCuda())
    inputs, outputs = buffers(2)
    ticket = engine.submit(inputs, outputs)
    assert not np.asarray(outputs["focus"]).any()
    engine.wait(ticket)
    assert_computed(inputs, outputs)
    with pytest.raises(EngineError, match="redeemed once"):
        engine.wait(ticket)


def test_the_same_buffers_are_captured_the_second_time_and_launched_from_then_on() -> None:
    cuda = FakeCuda()
    engine = opened(cuda)
    inputs, outputs = buffers(1)
    for seed in range(5):
        inputs["rgb"][...] = np.random.default_rng(seed).uniform(0, 255, (1, 3, H, W))
        engine.run(inputs, outputs)
        assert_computed(inputs, outputs)
    assert (cuda.captures, cuda.launches) == (1, 4)


def test_each_batch_and_set_of_buffers_has_its_own_context_and_graph() -> None:
    cuda = FakeCuda()
    engine = opened(cuda)
    sets = [buffers(batch, batch) for batch in (1, 3, 8)]
    for _ in range(3):
        for inputs, outputs in sets:
            for out in outputs.values():
                out[...] = -1
            engine.run(inputs, outputs)
            assert_computed(inputs, outputs)
    assert cuda.captures == 3


def test_contexts_of_a_lane_share_memory_that_is_allocated_once() -> None:
    cuda = FakeCuda()
    engine = opened(cuda, contexts=2)
    assert cuda.allocated == [8000, 8000]  # 1000 a picture, batch 8, two lanes
    for batch in (1, 2, 4):
        engine.run(*buffers(batch))
    assert cuda.allocated == [8000, 8000]


def test_many_sets_of_buffers_do_not_pile_up() -> None:
    engine = opened(FakeCuda())
    kept = [buffers(1, seed) for seed in range(30)]
    for inputs, outputs in kept:
        engine.run(inputs, outputs)
        assert_computed(inputs, outputs)
    assert len(engine._lanes[0].cells) <= 8


def test_without_graphs_nothing_is_captured() -> None:
    cuda = FakeCuda()
    engine = opened(cuda, graphs=False)
    inputs, outputs = buffers(1)
    for _ in range(3):
        engine.run(inputs, outputs)
    assert_computed(inputs, outputs)
    assert cuda.captures == 0


def test_graphs_can_be_asked_for_later() -> None:
    cuda = FakeCuda()
    engine = opened(cuda, graphs=False)
    before, after = buffers(1, 0), buffers(1, 1)
    for _ in range(3):
        engine.run(*before)
    engine.graphs = True
    for _ in range(3):
        engine.run(*after)
    assert cuda.captures == 1
    assert_computed(*after)


def test_buffers_that_ran_without_a_graph_get_one_when_it_is_asked_for() -> None:
    cuda = FakeCuda()
    engine = opened(cuda, graphs=False)
    inputs, outputs = buffers(1)
    for _ in range(5):
        engine.run(inputs, outputs)
    assert not engine.captured(inputs, outputs)
    engine.graphs = True
    for _ in range(2):
        engine.run(inputs, outputs)
    assert engine.captured(inputs, outputs)
    assert (cuda.captures, cuda.launches) == (1, 2)
    assert_computed(inputs, outputs)


def test_a_batch_that_needs_more_than_the_largest_one_gets_memory_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def greedy(context: fake_trt.IExecutionContext) -> int:
        return 9000 if context._shape[0] == 3 else 1000 * context._shape[0]

    monkeypatch.setattr(fake_trt.IExecutionContext, "update_device_memory_size_for_shapes", greedy)
    cuda = FakeCuda()
    engine = opened(cuda)
    inputs, outputs = buffers(3)
    engine.run(inputs, outputs)
    assert cuda.allocated == [8000, 9000]
    assert_computed(inputs, outputs)


def test_an_array_that_tensorrt_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fake_trt.WeakContext, "set_tensor_address", lambda *_: False)
    with pytest.raises(EngineError, match=r"the array of .* is refused"):
        opened(FakeCuda()).run(*buffers(1))


def test_a_smaller_largest_batch_takes_less_memory_and_refuses_more() -> None:
    cuda = FakeCuda()
    engine = opened(cuda, max_batch=2)
    assert cuda.allocated == [2000]
    with pytest.raises(ShapeError, match=r"batch \[3\] given, 1..2"):
        engine.submit(*buffers(3))


def test_wrong_arrays_are_refused() -> None:
    engine = opened(FakeCuda())
    inputs, outputs = buffers(2)
    with pytest.raises(ShapeError, match="given"):
        engine.submit({"image": inputs["rgb"]}, outputs)
    with pytest.raises(ShapeError, match="contiguous float32"):
        engine.submit({"rgb": device_array((2, 3, H, W), "f2")}, outputs)
    with pytest.raises(ShapeError, match="contiguous float32"):
        engine.submit({"rgb": device_array((2, 3, H, 2 * W))[..., ::2]}, outputs)
    with pytest.raises(ShapeError, match="shape"):
        engine.submit({"rgb": device_array((2, 3, H, W + 1))}, outputs)
    with pytest.raises(ShapeError, match=r"batch \[1, 2\]"):
        engine.submit(buffers(1)[0], outputs)


def test_a_plan_of_another_gpu_is_one_line_with_the_next_step() -> None:
    with pytest.raises(
        EngineFileError, match=r"another GPU.*engine build x --size 6x4 .*--rebuild"
    ):
        opened(FakeCuda(), REFUSED)


def test_a_plan_larger_than_the_gpus_memory_is_not_taken_for_a_wrong_one() -> None:
    with pytest.raises(EngineMemoryError, match=r"memory is too small.*smaller --size or --batch"):
        opened(FakeCuda(), TOO_LARGE)


FULL = "Error Code 2: OutOfMemory (Requested size was 9 bytes.)"


@pytest.mark.parametrize("version", ["8.6.0", "11.4.0"])
@pytest.mark.parametrize(
    ("reason", "kind", "said"),
    [
        (FULL, EngineMemoryError, r"too small for an execution context .*smaller --size"),
        (
            "Error Code 1: no kernel image",
            EngineError,
            r"no execution context of .*no kernel image.*engine build x --size 6x4 .*--rebuild",
        ),
    ],
)
def test_a_context_that_is_not_to_be_had_shows_when_an_engine_is_opened(
    version: str,
    reason: str,
    kind: type[EngineError],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(*_: Any) -> None:
        log = logs[-1]
        log.log(log.ERROR, reason)

    logs: list[Any] = []
    load = fake_trt.Runtime.__init__

    def kept(self: Any, log: Any) -> None:
        logs.append(log)
        load(self, log)

    monkeypatch.setattr(fake_trt.Runtime, "__init__", kept)
    monkeypatch.setattr(ICudaEngine, "create_execution_context", none)
    api = Api("tensorrt", fake_module(version), version)
    with pytest.raises(EngineError, match=said) as refused:
        TensorRtEngine(b"plan", manifest(), api, FakeCuda())
    assert type(refused.value) is kind


def test_the_context_that_showed_how_much_memory_is_needed_computes_the_first_buffers() -> None:
    engine = opened(FakeCuda())
    first, second = buffers(2), buffers(1, 1)
    engine.run(*first)
    assert len(ICudaEngine._last._contexts) == 1  # type: ignore[attr-defined]
    engine.run(*second)
    assert len(ICudaEngine._last._contexts) == 2  # type: ignore[attr-defined]
    assert_computed(*first)
    assert_computed(*second)


def test_a_largest_batch_below_the_plans_smallest_is_refused_when_opened() -> None:
    with pytest.raises(ShapeError, match=r"max_batch 4 given; the plan of x takes 8\.\.8"):
        opened(FakeCuda(), manifest=manifest((8, 8, 8)), max_batch=4)


def test_a_run_that_lacks_memory_is_told_from_one_that_fails() -> None:
    engine = opened(FakeCuda())
    ICudaEngine._last._broken = True  # type: ignore[attr-defined]
    engine._log.log(engine._log.ERROR, FULL)
    with pytest.raises(EngineMemoryError, match="too small for a picture"):
        engine.submit(*buffers(1))


def test_a_plan_that_is_not_its_manifests_is_refused() -> None:
    made = manifest()
    wrong = PlanManifest.from_json(made.to_json().replace('"glance"', '"glance_tt"'))
    with pytest.raises(
        EngineError,
        match=r"build it anew: streammat engine build x --size 6x4 --batch 8 --dynamic .*--rebuild",
    ):
        opened(FakeCuda(), manifest=wrong)


def test_a_failing_run_is_an_error() -> None:
    engine = opened(FakeCuda())
    ICudaEngine._last._broken = True  # type: ignore[attr-defined]
    with pytest.raises(EngineError, match="TensorRT failed"):
        engine.submit(*buffers(1))


def test_closing_finishes_what_is_under_way_and_refuses_more() -> None:
    engine = opened(FakeCuda())
    inputs, outputs = buffers(1)
    engine.submit(inputs, outputs)
    engine.close()
    engine.close()
    assert_computed(inputs, outputs)
    with pytest.raises(EngineError, match="closed"):
        engine.submit(inputs, outputs)


def test_a_callers_stream_orders_everything() -> None:
    cuda = FakeCuda()
    stream = cuda.stream()
    engine = opened(cuda, stream=stream, contexts=4)
    assert engine.requests == 1
    inputs, outputs = buffers(1)
    order: list[str] = []
    stream.give(lambda: order.append("upload"))
    engine.submit(inputs, outputs)
    stream.give(lambda: order.append(f"download {outputs['focus'].any()}"))
    stream.run_all()
    assert order == ["upload", "download True"]
