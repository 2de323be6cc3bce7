"""The wheel holds three packages and their data, the source distribution the whole tree."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA_SUFFIXES = {".cu", ".cuh", ".toml", ".onnx", ".json", ".html", ".js", ".css", ".mp4", ".typed"}
WANTED = os.environ.get("STREAMMAT_WHEEL_TEST") == "1"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    out = _built("--wheel", tmp_path_factory.mktemp("dist"))
    return zipfile.ZipFile(next(out.glob("*.whl")))


@pytest.fixture(scope="module")
def source_names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """What a source distribution holds."""
    out = _built("--sdist", tmp_path_factory.mktemp("sdist"))
    with tarfile.open(next(out.glob("*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def _built(kind: str, out: Path) -> Path:
    if not WANTED:
        pytest.skip("builds a package (needs the package index); run 'make wheel-test'")
    command = [sys.executable, "-m", "build", kind, "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return out


def _tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return listed.stdout.split()


def test_the_licence_names_the_weights_and_the_demo_clip() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert "LicenseRef-research-use-only-weights" in project["license"]
    told = {name: (ROOT / name).read_text() for name in project["license-files"]}
    assert "Research use until retrained" in told["streammat/weights/gfm_lite0_tt.md"]
    assert "public domain" in told["streammat/demo/sample.json"]


def test_the_wheel_carries_the_notes_on_weights_and_clip(wheel: zipfile.ZipFile) -> None:
    (facts,) = (name for name in wheel.namelist() if name.endswith("dist-info/METADATA"))
    head = wheel.read(facts).decode().partition("\n\n")[0]
    assert "License-Expression: Apache-2.0 AND CC0-1.0 AND LicenseRef-" in head
    assert "License-File: streammat/weights/gfm_lite0_tt.md" in head
    assert "License-File: streammat/demo/sample.json" in head


def test_a_source_distribution_is_the_whole_tree(source_names: set[str]) -> None:
    of_the_repository_alone = {name for name in _tracked() if name.startswith((".ci/", ".git"))}
    assert set(_tracked()) - of_the_repository_alone <= source_names


def test_top_level_is_exactly_three_packages(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "streammat",
        "streammat_kernels",
        "streammat_engines",
    }


def test_every_data_file_of_the_tree_is_inside(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    wanted = {
        path.removeprefix("kernels/").removeprefix("engines/")
        for path in _tracked()
        if path.startswith(("streammat/", "kernels/streammat", "engines/streammat"))
        and Path(path).suffix in DATA_SUFFIXES | {".py"}
    }
    assert wanted
    assert wanted <= inside, sorted(wanted - inside)


def test_the_installed_wheel_runs_without_the_source_tree(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    wheel.extractall(tmp_path)
    code = "import streammat, streammat_kernels, streammat_engines; print(streammat.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith(str(tmp_path))
