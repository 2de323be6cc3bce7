from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streammat_engines.accuracy import Accuracy
from streammat_engines.tensorrt.cache import PlanCache, PlanEntry
from streammat_engines.tensorrt.kept import obtain_one_picture
from streammat_engines.tensorrt.obtain import Workshop, obtain
from tests.engines.tensorrt.plans import GPU, api, request_for
from tests.engines.tiny_model import write_tiny_model

pytest.importorskip("onnx")
pytest.importorskip("filelock")

FRAME = np.zeros((1, 3, 64, 64), np.float32)


class Bench:
    """A workshop that notes what it says, and a model."""

    def __init__(self, folder: Path) -> None:
        self.said: list[str] = []
        self.shop = Workshop(
            api=api(),
            gpu=GPU,
            cache=PlanCache(folder / "plans"),
            judge=lambda *_: (Accuracy(frames=1), "here"),
            frames=lambda *_: [FRAME],
            say=self.said.append,
        )
        self.model = write_tiny_model(folder / "tiny.onnx")

    def build(self, **options: Any) -> PlanEntry:
        return obtain(request_for(self.model, **options), self.shop)

    def ask(self, **options: Any) -> PlanEntry:
        self.said.clear()
        return obtain_one_picture(request_for(self.model, **options), self.shop)

    @property
    def built(self) -> bool:
        return any(line.startswith("building") for line in self.said)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    "options", [{}, {"batch": 8, "dynamic": True}, {"batch": 3, "dynamic": True}, {"refit": True}]
)
def test_what_was_built_ahead_is_used(bench: Bench, options: Any) -> None:
    kept = bench.build(**options)
    assert bench.ask().manifest == kept.manifest
    assert bench.said == []


@pytest.mark.parametrize("options", [{"batch": 8}, {"width": 96}, {"second_glance": True}])
def test_what_computes_something_else_is_not(bench: Bench, options: Any) -> None:
    wanted = {"width": 384, "height": 384} if "second_glance" in options else {}
    bench.build(**{**wanted, **options})
    bench.ask(**wanted)
    assert bench.built


@pytest.mark.parametrize(
    "change",
    [{"gpu": replace(GPU, driver="581.0")}, {"api": api("10.16.1")}, {"rules": {"a": "1"}}],
)
def test_what_was_built_elsewhere_is_not(bench: Bench, change: Any) -> None:
    bench.build(batch=8, dynamic=True)
    bench.shop = replace(bench.shop, **change)
    bench.ask()
    assert bench.built


def test_what_was_built_of_another_model_is_not(bench: Bench) -> None:
    bench.build(batch=8, dynamic=True)
    bench.ask(sha256="0" * 64)
    assert bench.built


def test_the_nearest_is_used(bench: Bench) -> None:
    bench.build(batch=8, dynamic=True)
    bench.build(precision="fp32")
    small = bench.build(batch=2, dynamic=True)
    assert bench.ask().manifest == small.manifest
    plain = bench.build()
    assert bench.ask().manifest == plain.manifest


def test_fp32_stands_in_where_no_fp16_is_kept_and_says_so(bench: Bench) -> None:
    single = bench.build(precision="fp32")
    assert bench.ask().manifest == single.manifest
    (line,) = bench.said
    assert "the FP32 engine is used" in line
    assert "'streammat engine build tiny --size 64x64' builds one" in line


def test_an_engine_that_was_not_proved_does_not_serve(bench: Bench) -> None:
    judged = bench.shop
    bench.shop = replace(judged, judge=None)
    kept = bench.build(batch=8, dynamic=True)
    assert bench.ask().manifest == kept.manifest
    bench.shop = judged
    bench.ask()
    assert bench.built


def test_a_damaged_one_is_not_used(bench: Bench) -> None:
    kept = bench.build(batch=8, dynamic=True)
    kept.path.write_bytes(b"x" * kept.manifest.plan_bytes)
    bench.ask()
    assert bench.built


def test_a_dynamic_engine_is_seen_as_one_for_single_pictures(bench: Bench) -> None:
    made = bench.build(batch=8, dynamic=True).manifest.limited_to(1)
    assert made.batches == (1, 1, 1)
    assert {tensor.shape[0] for tensor in (*made.inputs, *made.outputs)} == {1}
