from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from streammat_engines.tensorrt.api import Api, load_api
from streammat_kernels.errors import DependencyError
from tests.engines.tensorrt import fake_trt

FOLDER = Path(__file__).resolve().parent / "bindings"
RELEASES = sorted(FOLDER.glob("tensorrt-1*.json"))


def public(value: Any) -> set[str]:
    names = vars(value) if isinstance(value, SimpleNamespace) else dir(value)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("name", fake_trt.REAL)
def test_whatever_build_and_run_touch_exists_in_the_released_bindings(
    release: Path, name: str
) -> None:
    real = json.loads(release.read_text())["classes"]
    assert name in real
    missing = public(getattr(fake_trt, name)) - set(real[name])
    assert not missing, f"{name} of {release.stem} has no {missing}"


def test_the_weak_typing_flag_is_gone_where_the_graph_is_strongly_typed() -> None:
    newest = json.loads((FOLDER / "tensorrt-11.4.json").read_text())["classes"]
    assert "FP16" not in newest["BuilderFlag"]
    assert "STRONGLY_TYPED" in newest["NetworkDefinitionCreationFlag"]
    assert "EXPLICIT_BATCH" not in newest["NetworkDefinitionCreationFlag"]


def test_each_release_gets_its_own_network_flags() -> None:
    kinds = SimpleNamespace(STRONGLY_TYPED=1, EXPLICIT_BATCH=0)
    trt = SimpleNamespace(NetworkDefinitionCreationFlag=kinds)
    assert Api("tensorrt", trt, "8.6.0").network_flags() == 1
    assert Api("tensorrt", trt, "10.16.1").network_flags() == 2
    assert Api("tensorrt", trt, "11.4.0").network_flags() == 0
    assert Api("tensorrt-rtx", trt, "1.7.1").network_flags() == 0


@pytest.mark.parametrize(
    ("backend", "version"), [("tensorrt", "8.5.3"), ("tensorrt", "9.2.0"), ("tensorrt-rtx", "0.9")]
)
def test_a_release_that_is_not_supported_is_one_line(
    backend: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = SimpleNamespace(__version__=version)
    monkeypatch.setattr("importlib.import_module", lambda _: module)
    with pytest.raises(DependencyError, match=rf"{backend} {version} is not .*pip install") as said:
        load_api(backend)
    assert said.value.exit_code == 4


def test_only_8_6_lets_the_builder_choose_half_and_pins_the_kept_layers() -> None:
    set_flags: list[str] = []
    config = SimpleNamespace(set_flag=set_flags.append)
    flags = SimpleNamespace(FP16="fp16", OBEY_PRECISION_CONSTRAINTS="obey")
    kinds = SimpleNamespace(MATRIX_MULTIPLY="matmul", REDUCE="reduce", ACTIVATION="activation")
    layers = [SimpleNamespace(type="matmul", precision=None), SimpleNamespace(type="convolution")]
    network = SimpleNamespace(num_layers=2, get_layer=layers.__getitem__)
    trt = SimpleNamespace(BuilderFlag=flags, LayerType=kinds, float32="single")
    for version, expected in (("8.6.0", ["fp16", "obey"]), ("10.16.1", []), ("11.4.0", [])):
        set_flags.clear()
        api = Api("tensorrt", trt, version)
        api.allow_half(config)
        api.obey_kept(config)
        assert set_flags == expected
    Api("tensorrt", trt, "8.6.0").keep_single(network, frozenset({"MatMul"}))
    assert layers[0].precision == "single"
    assert not hasattr(layers[1], "precision")
