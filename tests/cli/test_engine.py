from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from streammat.cli import main
from streammat_engines.tensorrt.cache import PlanCache
from tests.engines.tensorrt.plans import plan_of
from tests.engines.tiny_model import write_tiny_model

pytest.importorskip("filelock")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PlanCache:
    """The program's engine cache, with two plans."""
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    cache = PlanCache(tmp_path / "engines" / "plans")
    for key in ("aaaa000011112222", "bbbb000011112222"):
        cache.store(plan_of(key), b"plan")
    return cache


def test_list_shows_what_is_kept(cache: PlanCache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "list", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["key"][:4] for row in found["engines"]} == {"aaaa", "bbbb"}
    assert main(["engine", "list"]) == 0
    assert "bbbb00001111" in capsys.readouterr().out


def test_an_empty_cache_says_how_to_fill_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    assert main(["engine", "list"]) == 0
    assert "'streammat engine build' makes one" in capsys.readouterr().out


def test_show_prints_the_manifest(cache: PlanCache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "show", "aaaa", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["plan_sha256"] == plan_of("aaaa").plan_sha256
    assert shown["path"].endswith("aaaa000011112222.plan")
    assert main(["engine", "show", "cccc"]) == 2
    assert "there is no engine 'cccc'; engines here: " in capsys.readouterr().err


def test_verify_finds_the_damaged_one(cache: PlanCache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "verify"]) == 0
    assert capsys.readouterr().out.count("whole") == 2
    (cache.folder / "aaaa000011112222.plan").write_bytes(b"plaN")
    assert main(["engine", "verify", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert {row["key"][:4]: row["whole"] for row in found["engines"]} == {
        "aaaa": False,
        "bbbb": True,
    }
    assert len(found["set_aside"]) == 1


@pytest.mark.parametrize("damage", ["cut", "manifest", "no plan"])
@pytest.mark.parametrize("keys", [[], ["aaaa"]])
def test_verify_finds_what_cannot_even_be_listed(
    cache: PlanCache, capsys: pytest.CaptureFixture[str], damage: str, keys: list[str]
) -> None:
    plan = cache.folder / "aaaa000011112222.plan"
    if damage == "cut":
        plan.write_bytes(b"pl")
    elif damage == "manifest":
        plan.with_suffix(".json").write_text("{")
    else:
        plan.unlink()
    assert main(["engine", "verify", *keys]) == 2
    assert "aaaa00001111  damaged: set aside" in capsys.readouterr().out
    assert main(["engine", "verify"]) == 0


def test_an_accuracy_that_cannot_be_read_is_no_failure(
    cache: PlanCache, capsys: pytest.CaptureFixture[str]
) -> None:
    cache.store(replace(plan_of("cccc000011112222"), accuracy={"frames": 1}), b"plan")
    assert main(["engine", "show", "cccc"]) == 0
    assert "accuracy: not readable" in capsys.readouterr().out


def test_verify_with_nothing_to_check_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    assert main(["engine", "verify"]) == 0
    assert "no engines in" in capsys.readouterr().out


def test_prune_removes_all_when_asked(cache: PlanCache, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["engine", "prune"]) == 0
    assert "0 engines removed" in capsys.readouterr().out
    assert main(["engine", "prune", "--all"]) == 0
    assert "2 engines removed" in capsys.readouterr().out
    assert cache.entries() == []
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["build", "gfm_nope"], 2, "model 'gfm_nope' is unknown"),
        (["build", "--profile", "4k"], 2, "use 720p, 1080p, 2160p"),
        (["build", "--size", "640x360", "--profile", "720p"], 2, "exclude each other"),
        (["build", "--batch", "9"], 2, "1<=x<=8"),
        (["prune", "--all", "--keep-gib", "1"], 2, "--all and --keep-gib exclude each other"),
        (["prune", "--keep-gib", "nan"], 2, "nan GiB is not allowed; use 0..1000000"),
        (["prune", "--keep-gib", "inf"], 2, "inf GiB is not allowed; use 0..1000000"),
        (["prune", "--keep-gib", "1e300"], 2, "1e+300 GiB is not allowed; use 0..1000000"),
        (["prune", "--keep-gib", "-1"], 2, "-1 GiB is not allowed; use 0..1000000"),
    ],
)
def test_what_cannot_be_is_one_line(
    cache: PlanCache,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    assert main(["engine", *arguments]) == code
    said = capsys.readouterr().err.strip()
    assert message in said
    assert said.count("\n") == 0


def test_a_backend_that_is_not_installed_names_its_install_line(
    cache: PlanCache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib

    def absent(name: str, package: str | None = None) -> None:
        raise ImportError(f"No module named {name!r}")

    pytest.importorskip("onnx")
    loader = "streammat_engines.tensorrt.api.importlib"
    assert importlib.import_module("streammat_engines.tensorrt.api")
    monkeypatch.setattr(f"{loader}.import_module", absent)
    assert main(["engine", "build", "--backend", "tensorrt"]) == 4
    assert "--extra-index-url https://pypi.nvidia.com" in capsys.readouterr().err


def test_torch_tensorrt_that_is_not_installed_names_its_install_line(
    cache: PlanCache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.metadata

    def absent(_: str) -> str:
        raise importlib.metadata.PackageNotFoundError

    pytest.importorskip("onnx")
    monkeypatch.setattr(importlib.metadata, "version", absent)
    assert main(["engine", "build", "--backend", "tensorrt-rtx", "--via", "torch"]) == 4
    said = capsys.readouterr().err.strip()
    assert "pip install 'streammat[torch-tensorrt-rtx]', or use --via onnx" in said
    assert said.count("\n") == 0


def test_build_keeps_an_engine_with_its_accuracy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in ("tensorrt_rtx", "onnxruntime"):
        pytest.importorskip(package)
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    model = write_tiny_model(tmp_path / "tiny.onnx")
    words = ["engine", "build", str(model), "--size", "90x64", "--backend", "tensorrt-rtx"]
    assert main([*words, "--json"]) == 0
    said = capsys.readouterr()
    built = json.loads(said.out)
    assert built["profile"] == "96x64 batch 1"
    assert built["accuracy"]["frames"] == 4
    assert "size 90x64: rounded up to multiples of 32: 96x64" in said.err
    assert "building tiny 96x64 batch 1 fp16 with tensorrt-rtx" in said.err
    assert Path(built["path"]).stat().st_size == built["plan_bytes"]
    assert main(words) == 0
    assert "building" not in capsys.readouterr().err


def test_a_large_engine_looks_twice_unless_it_is_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for package in ("tensorrt_rtx", "onnxruntime"):
        pytest.importorskip(package)
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    model = write_tiny_model(tmp_path / "tiny.onnx")
    words = ["engine", "build", str(model), "--backend", "tensorrt-rtx", "--json"]
    profiles = []
    for more in ([], ["--second-glance"], ["--profile", "720p"], ["--size", "544x288", "--single"]):
        assert main([*words, *more]) == 0
        profiles.append(json.loads(capsys.readouterr().out)["profile"])
    assert profiles == [
        "512x288 batch 1",
        "512x288+256x128 batch 1",
        "640x384+320x192 batch 1",
        "544x288 batch 1",
    ]
