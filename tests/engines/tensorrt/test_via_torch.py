from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streammat_engines.errors import EngineError, EngineFileError
from streammat_engines.tensorrt import via_torch
from streammat_engines.tensorrt.build import RULES, build_plan
from streammat_engines.tensorrt.cache import PlanCache
from streammat_engines.tensorrt.obtain import Workshop, obtain
from streammat_engines.tensorrt.via_torch import build_with_torch, torch_tensorrt_version
from streammat_kernels.errors import DependencyError, DeviceUnavailable
from tests.engines.tensorrt.fake_torch_tensorrt import RELEASES, fake_package
from tests.engines.tensorrt.fake_trt import ICudaEngine, Runtime
from tests.engines.tensorrt.plans import GPU, api, request_for
from tests.engines.tensorrt.test_build import convolved
from tests.engines.tiny_model import write_tiny_model

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("filelock")

Install = Callable[..., Any]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return convolved(write_tiny_model(tmp_path / "tiny.onnx"))


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a fake release, with a GPU; gives its converting function."""

    def installed(release: Path = RELEASES[0], version: str = "2.13.0", **options: Any) -> Any:
        package, interpreter = fake_package(release, **options)
        monkeypatch.setitem(sys.modules, "torch_tensorrt", package)
        monkeypatch.setitem(sys.modules, via_torch._INTERPRETER, interpreter)
        monkeypatch.setattr(importlib.metadata, "version", lambda _: version)
        monkeypatch.setattr(via_torch, "_device", lambda _: "cpu")
        monkeypatch.setattr(Runtime, "deserialize_cuda_engine", _loaded)
        return package.dynamo.convert_exported_program_to_serialized_trt_engine

    return installed


def _loaded(_: Runtime, plan: bytes) -> ICudaEngine:
    engine = ICudaEngine(plan)
    engine._names = json.loads(plan)
    return engine


def converted(model: Path, **options: Any) -> Any:
    return build_with_torch(request_for(model, via="torch", **options), api(), gpu_present=True)


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_every_release_is_asked_in_its_own_words_and_names_are_the_onnx_ways(
    release: Path, model: Path, install: Install
) -> None:
    convert = install(release)
    found = converted(model)
    plain = build_plan(request_for(model), api(), gpu_present=True)
    assert json.loads(found.plan) == ["rgb", "glance", "focus"]
    assert (found.inputs, found.outputs) == (plain.inputs, plain.outputs)
    (call,) = convert.calls
    assert call["disable_tf32"] is True
    assert call["arg_inputs"] == ({"shape": (1, 3, 64, 64), "dtype": torch.float32, "name": "rgb"},)
    # What was left out is strong typing in all of them: the types of the program are obeyed.
    assert not {"use_explicit_typing", "enabled_precisions"} & set(call)


@pytest.mark.parametrize("precision", ["fp16", "fp32"])
def test_it_converts_the_very_graph_of_the_onnx_way(
    precision: str, model: Path, install: Install
) -> None:
    convert = install()
    found = converted(model, precision=precision)
    plain = build_plan(request_for(model, precision=precision), api(), gpu_present=True)
    for part in ("graph_sha256", "weights_sha256", "structure_sha256"):
        assert getattr(found, part) == getattr(plain, part)
    program = convert.calls[0]["exported_program"]
    kinds = {
        str(node.target): node.meta["val"].dtype
        for node in program.graph.nodes
        if node.op == "call_function" and "assert" not in str(node.target)
    }
    half = torch.float16 if precision == "fp16" else torch.float32
    assert kinds["aten.conv2d.default"] == half
    assert kinds["aten.matmul.default"] == kinds["aten.sigmoid.default"] == torch.float32
    results = next(iter(reversed(program.graph.nodes))).args[0]
    assert [result.meta["val"].dtype for result in results] == [torch.float32] * 2


def test_a_dynamic_batch_is_a_range(model: Path, install: Install) -> None:
    convert = install()
    found = converted(model, batch=8, dynamic=True)
    (image,) = convert.calls[0]["arg_inputs"]
    assert [image[f"{which}_shape"][0] for which in ("min", "opt", "max")] == [1, 8, 8]
    ranges = convert.calls[0]["exported_program"].range_constraints.values()
    assert [int(each.upper) for each in ranges] == [8]
    assert found.outputs[0].shape == (8, 3, 64, 64)


def test_the_builders_timings_are_kept_between_builds(model: Path, install: Install) -> None:
    install()
    options: dict[str, Any] = {"gpu_present": True, "timing_cache": b"before, "}
    found = build_with_torch(request_for(model, via="torch"), api(), **options)
    assert found.timing_cache == b"before, learned"


def test_wrong_names_in_a_plan_are_noticed(
    model: Path, install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    install()
    monkeypatch.setattr(Runtime, "deserialize_cuda_engine", lambda *_: ICudaEngine(b"x"))
    monkeypatch.setattr(ICudaEngine, "num_io_tensors", 2)
    with pytest.raises(EngineError, match=r"glance, rgb instead of focus, glance, rgb"):
        converted(model)


def test_what_it_cannot_convert_is_one_line(model: Path, install: Install) -> None:
    convert = install()
    convert.fails = RuntimeError("While interpreting\nthe module " + 500 * "x")
    with pytest.raises(EngineError, match=r"could not convert tiny\.onnx: While .*--via onnx") as e:
        converted(model)
    assert "\n" not in str(e.value)
    assert len(str(e.value)) < 300


def test_the_other_torch_tensorrt_is_not_used(model: Path, install: Install) -> None:
    install(rtx=True)
    with pytest.raises(DependencyError, match=r"the one for TensorRT-RTX.*uninstall"):
        converted(model)


def test_without_the_package_what_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "version", absent)
    with pytest.raises(DependencyError, match=r"streammat\[torch-tensorrt-rtx\]") as rtx:
        torch_tensorrt_version("tensorrt-rtx")
    with pytest.raises(DependencyError, match=r"\[torch-tensorrt\]' --extra-index-url"):
        torch_tensorrt_version("tensorrt")
    assert "\n" not in str(rtx.value)
    assert rtx.value.exit_code == 4


def test_a_release_that_types_weakly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "2.10.1")
    with pytest.raises(DependencyError, match=r"2\.10\.1 is not supported: 2\.11"):
        torch_tensorrt_version("tensorrt")


@pytest.mark.parametrize(("gpu", "message"), [(False, "no NVIDIA driver"), (True, "with CUDA")])
def test_without_a_gpu_or_cuda_it_says_so(
    gpu: bool, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceUnavailable, match=rf"{message}.*--via onnx"):
        via_torch._device(gpu)


def test_libraries_that_cannot_be_loaded_are_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_tensorrt", None)
    with pytest.raises(DependencyError, match=r"torch-tensorrt cannot be loaded.*--via onnx"):
        via_torch._loaded(api())


def test_the_ways_and_its_releases_have_plans_of_their_own(
    model: Path, tmp_path: Path, install: Install
) -> None:
    install()
    cache = PlanCache(tmp_path / "plans")

    def shop(build: Any = build_with_torch, **rules: str) -> Workshop:
        return Workshop(api(), GPU, cache, build=build, rules={**RULES, **rules})

    by_torch = obtain(request_for(model, via="torch"), shop(torch="torch-tensorrt 2.13.0"))
    newer = obtain(request_for(model, via="torch"), shop(torch="torch-tensorrt 2.14.0"))
    plain = obtain(request_for(model), shop(build_plan))
    assert len({entry.manifest.key for entry in (by_torch, newer, plain)}) == 3
    assert (by_torch.manifest.via, plain.manifest.via) == ("torch", "onnx")
    assert by_torch.manifest.rules["torch"] == "torch-tensorrt 2.13.0"
    assert by_torch.manifest.graph_sha256 == plain.manifest.graph_sha256


def test_refitting_is_the_onnx_ways(model: Path) -> None:
    with pytest.raises(EngineFileError, match="--refit goes with --via onnx"):
        request_for(model, via="torch", refit=True)


def test_a_pytorch_that_cannot_be_imported_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from streammat_engines.graph.module import require_torch

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(DependencyError, match=r"streammat\[torch\]"):
        require_torch()
