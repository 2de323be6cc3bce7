"""The wheel holds exactly three packages and every data file that the program reads."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA_SUFFIXES = {".cu", ".cuh", ".toml", ".onnx", ".json", ".html", ".js", ".css", ".mp4", ".typed"}
WANTED = os.environ.get("STREAMMAT_WHEEL_TEST") == "1"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    if not WANTED:
        pytest.skip("builds a wheel (needs the package index); run 'make wheel-test'")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_top_level_is_exactly_three_packages(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {
        "streammat",
        "streammat_kernels",
        "streammat_engines",
    }


def test_every_data_file_of_the_tree_is_inside(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    wanted = {
        path.removeprefix("kernels/").removeprefix("engines/")
        for path in tracked
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
