from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from streammat_engines.accuracy import Accuracy
from streammat_engines.errors import (
    EngineDeviceError,
    EngineError,
    EngineFileError,
    EngineMemoryError,
    EngineRefused,
)
from streammat_engines.tensorrt.build import RULES, build_plan, graph_of
from streammat_engines.tensorrt.cache import PlanCache
from streammat_engines.tensorrt.obtain import Workshop, obtain
from streammat_engines.tensorrt.request import cache_key, profile_size
from streammat_kernels.errors import DeviceUnavailable
from tests.engines.tensorrt.fake_trt import Builder
from tests.engines.tensorrt.plans import GPU, api, request_for
from tests.engines.tiny_model import write_tiny_model

onnx = pytest.importorskip("onnx")
pytest.importorskip("filelock")

FRAME = np.zeros((1, 3, 64, 64), np.float32)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return convolved(write_tiny_model(tmp_path / "tiny.onnx"))


def shop(tmp_path: Path, **options: Any) -> Workshop:
    given = {"api": api(), "gpu": GPU, "cache": PlanCache(tmp_path / "plans"), **options}
    return Workshop(**given)


@pytest.mark.parametrize("version", ["10.16.1", "11.4.0"])
def test_the_builder_gets_a_half_graph_and_no_tf32(model: Path, version: str) -> None:
    said: list[str] = []
    built = build_plan(request_for(model), api(version), gpu_present=True, say=said.append)
    graph = onnx.load_model_from_string(built.plan)
    assert any(weight.data_type == onnx.TensorProto.FLOAT16 for weight in graph.graph.initializer)
    assert Builder._config.flags == set()
    assert [spec.shape for spec in built.inputs] == [(1, 3, 64, 64)]
    assert [spec.name for spec in built.outputs] == ["glance", "focus"]
    assert said == [f"tactics {percent} %" for percent in (0, 25, 50, 75, 100)]


def test_fp32_stays_fp32(model: Path) -> None:
    built = build_plan(request_for(model, precision="fp32"), api(), gpu_present=True)
    graph = onnx.load_model_from_string(built.plan)
    assert all(w.data_type != onnx.TensorProto.FLOAT16 for w in graph.graph.initializer)


def test_a_dynamic_batch_is_a_profile_from_1_to_8(model: Path) -> None:
    request = request_for(model, batch=8, dynamic=True)
    built = build_plan(request, api(), gpu_present=True)
    sizes = [(batch, 3, 64, 64) for batch in (1, 8, 8)]
    assert [p._shapes for p in Builder._config._profiles] == [{"rgb": tuple(sizes)}]
    assert built.inputs[0].shape == (8, 3, 64, 64)
    assert request.profile == "64x64 batch 1..8"


@pytest.mark.parametrize("timings", [b"other release's", b"damaged"])
def test_a_timing_cache_that_is_refused_starts_anew(timings: bytes, model: Path) -> None:
    built = build_plan(request_for(model), api(), gpu_present=True, timing_cache=timings)
    assert built.timing_cache == b"+"
    again = build_plan(request_for(model), api(), gpu_present=True, timing_cache=b"mine")
    assert again.timing_cache == b"mine+"


def test_a_failed_build_gives_the_builders_reason(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Builder, "_fails", "no kernel\n for this")
    with pytest.raises(EngineError, match=r"could not build tiny\.onnx: no kernel for this"):
        build_plan(request_for(model), api(), gpu_present=True)


CUDA = "IBuilder::buildSerializedNetwork: Error Code 1: Cuda Runtime (In generateForCurrent at"


@pytest.mark.parametrize(
    ("said", "kind", "step", "code"),
    [
        (f"{CUDA} x.cpp:1 (cudaError 36: API call is not supported in the installed CUDA driver))",
         EngineDeviceError, r"cudaError 36.*update the NVIDIA driver.*doctor.*--backend", 4),
        ("Error Code 9: API Usage Error (Target GPU SM 60 is not supported by this TensorRT "
         "release.)", EngineDeviceError, r"SM 60.*a GPU that tensorrt 11\.4\.0 supports", 4),
        ("Error Code 10: Internal Error (Could not find any implementation for node conv.)",
         EngineFileError, r"node conv.*--precision fp32, another --size", 2),
        ("Error Code 2: OutOfMemory (Requested size was 9 bytes.)",
         EngineMemoryError, r"9 bytes.*smaller --size or --batch", 5),
        ("something else", EngineError, r"something else; look what 'streammat doctor'.*--size", 1),
        ("", EngineError, r"it gives no reason; look", 1),
    ],
)  # fmt: skip
def test_a_failed_build_says_what_to_do_next(
    said: str, kind: type[EngineError], step: str, code: int, model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail(self: Builder, *_: Any) -> None:
        if said:
            self._log.log("error", said)
            if kind is not EngineError:  # what 8.6 ends its words with
                self._log.log("error", "Internal Error (Assertion engine != nullptr failed. )")

    monkeypatch.setattr(Builder, "build_serialized_network", fail)
    with pytest.raises(EngineError, match=step) as failed:
        build_plan(request_for(model), api(), gpu_present=True)
    assert type(failed.value) is kind
    assert failed.value.exit_code == code
    assert "\n" not in str(failed.value)


@pytest.fixture
def heard() -> Iterator[None]:
    """Ctrl-C as a program in the foreground has it, wherever the tests themselves run."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_ctrl_c_stops_a_build_and_is_not_taken_for_a_failed_one(model: Path) -> None:
    said: list[str] = []

    def say(text: str) -> None:
        said.append(text)
        if text == "tactics 25 %":
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        build_plan(request_for(model), api(), gpu_present=True, say=say)
    assert said == ["tactics 0 %", "tactics 25 %"]
    assert signal.getsignal(signal.SIGINT) is before


def test_too_little_memory_for_a_build_is_told_from_other_failures(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Requested amount of GPU memory (9 bytes) could not be allocated."
    monkeypatch.setattr(Builder, "_fails", said)
    with pytest.raises(EngineMemoryError, match="could not be allocated"):
        build_plan(request_for(model), api(), gpu_present=True)


def test_a_graph_that_the_parser_refuses_is_one_line(model: Path) -> None:
    graph = onnx.load(str(model))
    graph.producer_name = "refused"
    onnx.save(graph, str(model))
    with pytest.raises(EngineFileError, match="node sum: types differ"):
        build_plan(request_for(model), api(), gpu_present=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"batch": 9}, "batch 9: use 1..8"), ({"width": 65}, "multiples of 32")],
)
def test_what_cannot_be_built_is_refused(model: Path, options: Any, message: str) -> None:
    with pytest.raises(EngineFileError, match=message):
        request_for(model, **options)


def test_profiles_name_sizes() -> None:
    assert profile_size("1080p") == (960, 544)
    with pytest.raises(EngineFileError, match="720p, 1080p, 2160p"):
        profile_size("4k")


def test_the_key_changes_with_everything_that_makes_a_plan_invalid(model: Path) -> None:
    request = request_for(model)
    others = [
        replace(request, sha256="0" * 64),
        replace(request, height=96),
        replace(request, batch=2),
        replace(request, batch=2, dynamic=True),
        replace(request, precision="fp32"),
        replace(request, via="torch"),
        replace(request, refit=True),
    ]
    keys = [cache_key(each, api(), GPU, RULES) for each in (request, *others)]
    keys.append(cache_key(request, api("11.4.1"), GPU, RULES))
    keys += [
        cache_key(request, api(), replace(GPU, **{part: "other"}), RULES)
        for part in ("name", "sm", "driver")
    ]
    keys.append(cache_key(request, api(), GPU, {**RULES, "half": "another"}))
    assert len(set(keys)) == len(keys)
    moved = replace(request, model=model.parent / "elsewhere.onnx")
    assert cache_key(moved, api(), GPU, RULES) == keys[0]


def test_a_kept_engine_is_not_built_again_unless_asked_for(model: Path, tmp_path: Path) -> None:
    said: list[str] = []
    here = shop(tmp_path, say=said.append)
    first = obtain(request_for(model), here)
    assert first.manifest.gpu == GPU.name
    assert first.manifest.plan_bytes == len(first.read())
    builds = len(said)
    assert obtain(request_for(model), here).manifest == first.manifest
    assert len(said) == builds
    obtain(request_for(model), here, rebuild=True)
    assert len(said) == 2 * builds


def test_a_damaged_engine_is_built_anew(model: Path, tmp_path: Path) -> None:
    here = shop(tmp_path)
    first = obtain(request_for(model), here)
    first.path.write_bytes(b"x" * first.manifest.plan_bytes)
    again = obtain(request_for(model), here)
    assert again.manifest.plan_sha256 == first.manifest.plan_sha256
    assert len(here.cache.damaged()) == 1


def test_an_inaccurate_engine_is_refused_and_not_kept(model: Path, tmp_path: Path) -> None:
    bad = Accuracy(frames=1, nonfinite=7, layers=("Conv head",))
    here = shop(tmp_path, judge=lambda *_: (bad, "here"), frames=lambda height, width: [FRAME])
    with pytest.raises(EngineRefused, match=r"7 values are NaN.*Conv head.*--precision fp32"):
        obtain(request_for(model), here)
    assert here.cache.entries() == []


def test_the_accuracy_stands_in_the_manifest(model: Path, tmp_path: Path) -> None:
    good = Accuracy(frames=2)
    here = shop(tmp_path, judge=lambda *_: (good, "here"), frames=lambda height, width: [FRAME])
    found = obtain(request_for(model), here).manifest.accuracy
    assert found is not None
    assert (found["frames"], found["measured_on"]) == (2, "here")


def test_an_engine_that_could_not_be_judged_says_so(model: Path, tmp_path: Path) -> None:
    said: list[str] = []
    frames = [FRAME]
    here = shop(tmp_path, judge=lambda *_: None, frames=lambda *_: frames, say=said.append)
    assert obtain(request_for(model), here).manifest.accuracy is None
    assert any("not measured" in line and "streammat[onnx]" in line for line in said)


def test_an_engine_that_was_kept_unchecked_is_proved_when_it_is_asked_for(
    model: Path, tmp_path: Path
) -> None:
    kept = obtain(request_for(model), shop(tmp_path))
    assert kept.manifest.accuracy is None
    verdicts = iter([None, (Accuracy(frames=2), "here")])
    here = shop(tmp_path, judge=lambda *_: next(verdicts), frames=lambda *_: [FRAME])
    assert obtain(request_for(model), here).manifest == kept.manifest
    for _ in range(2):  # the second time nobody judges it
        proved = obtain(request_for(model), here).manifest
        assert proved.accuracy is not None
        assert replace(proved, accuracy=None) == kept.manifest


def test_an_engine_that_was_kept_unchecked_is_refused_when_it_is_bad(
    model: Path, tmp_path: Path
) -> None:
    obtain(request_for(model), shop(tmp_path))
    bad = Accuracy(frames=1, nonfinite=7)
    here = shop(tmp_path, judge=lambda *_: (bad, "here"), frames=lambda *_: [FRAME])
    with pytest.raises(EngineRefused, match=r"7 values are NaN.*nothing was kept"):
        obtain(request_for(model), here)
    assert here.cache.keys() == []


def test_an_engine_for_whose_proof_memory_is_missing_is_kept(model: Path, tmp_path: Path) -> None:
    def judge(*_: object) -> None:
        raise EngineMemoryError("no memory left")

    said: list[str] = []
    here = shop(tmp_path, judge=judge, frames=lambda *_: [FRAME], say=said.append)
    for _ in range(2):
        with pytest.raises(EngineMemoryError):
            obtain(request_for(model), here)
    assert len(here.cache.keys()) == 1
    assert sum(line.startswith("building") for line in said) == 1


def test_timings_that_cannot_be_written_lose_no_build(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = shop(tmp_path)
    monkeypatch.setattr(here.cache.__class__, "timing", lambda *_: tmp_path / "no" / "such.timing")
    assert obtain(request_for(model), here).read()


def test_without_a_gpu_tensorrt_says_which_backend_builds(model: Path, tmp_path: Path) -> None:
    with pytest.raises(DeviceUnavailable, match="--backend tensorrt-rtx"):
        obtain(request_for(model), shop(tmp_path, gpu=None))


def test_what_cannot_be_refitted_is_refused_before_anything_is_said(
    model: Path, tmp_path: Path
) -> None:
    said: list[str] = []
    here = shop(tmp_path, gpu=None, api=api("1.7.1", "tensorrt-rtx"), say=said.append)
    with pytest.raises(EngineFileError, match="--refit"):
        obtain(request_for(model, refit=True, backend="tensorrt-rtx"), here)
    assert said == []


def retrained(model: Path) -> Path:
    """The same network with other weights."""
    graph = onnx.load(str(model))
    for weight in graph.graph.initializer:
        if weight.name == "weights":
            changed = onnx.numpy_helper.to_array(weight) + np.float32(1)
            weight.CopyFrom(onnx.numpy_helper.from_array(changed, weight.name))
    target = model.with_name("retrained.onnx")
    onnx.save(graph, str(target))
    return target


def convolved(model: Path) -> Path:
    """The tiny graph behind a 1 x 1 convolution with real weights."""
    graph = onnx.load(str(model))
    weights = np.eye(3, dtype=np.float32).reshape(3, 3, 1, 1)
    graph.graph.initializer.append(onnx.numpy_helper.from_array(weights, "weights"))
    for node in graph.graph.node:
        for place, name in enumerate(node.input):
            if name == "rgb":
                node.input[place] = "mixed"
    graph.graph.node.insert(0, onnx.helper.make_node("Conv", ["rgb", "weights"], ["mixed"]))
    onnx.save(graph, str(model))
    return model


def test_retrained_weights_go_into_a_refittable_engine(model: Path, tmp_path: Path) -> None:
    said: list[str] = []
    here = shop(tmp_path, say=said.append)
    first = obtain(request_for(model, refit=True), here)
    assert Builder._config.flags == {"REFIT"}
    other = request_for(retrained(model), refit=True)
    second = obtain(other, here)
    assert any(f"put into engine {first.manifest.key[:12]}" in text for text in said)
    assert second.read() == graph_of(other).SerializeToString() != first.read()
    assert second.manifest.structure_sha256 == first.manifest.structure_sha256
    assert second.manifest.weights_sha256 != first.manifest.weights_sha256


def test_a_refittable_engine_of_another_size_takes_nothing(model: Path, tmp_path: Path) -> None:
    said: list[str] = []
    here = shop(tmp_path, say=said.append)
    obtain(request_for(model, refit=True), here)
    larger = obtain(request_for(model, refit=True, width=128), here)
    assert larger.manifest.inputs[0].shape == (1, 3, 64, 128)
    assert not any("put into engine" in line for line in said)


def test_rebuilding_refits_nothing(model: Path, tmp_path: Path) -> None:
    said: list[str] = []
    here = shop(tmp_path, say=said.append)
    for _ in range(2):
        obtain(request_for(model, refit=True), here, rebuild=True)
    assert not any("put into engine" in line for line in said)
