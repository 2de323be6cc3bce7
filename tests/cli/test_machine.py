"""The facts of ``streammat doctor``: folders, encoders, extras and what to do where one lacks."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

from streammat.cli import machine
from streammat.cli.machine import Fact
from streammat.matting.cache import cache_folder

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def _named(facts: Iterable[Fact]) -> dict[str, Fact]:
    return {fact.name: fact for fact in facts}


def test_the_folders_are_those_that_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _named(machine._folders())["cache"].value == str(cache_folder())
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "moved"))
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path / "mine"))
    found = _named(machine._folders())
    assert (found["cache"].value, found["cache"].standing) == (str(tmp_path / "moved"), "ok")
    assert found["models"].value == str(tmp_path / "mine")


def test_folders_that_may_not_be_looked_at_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The home of another user, as in containers; here a name that no system takes."""
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / ("x" * 300)))
    assert _named(machine._folders())["cache"].standing == "ok"  # could be made, as far as is known


def test_a_folder_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "file" / "cache"))
    fact = _named(machine._folders())["cache"]
    assert (fact.standing, fact.value) == ("optional", f"{tmp_path}/file/cache cannot be written")
    assert f"make {tmp_path}/file a folder that can be written" in fact.hint
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))

    def refused(**_: object) -> None:
        raise OSError

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    assert {fact.standing for fact in machine._folders()} == {"optional"}


def test_an_encoder_that_lacks_counts_only_where_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "_can_encode", lambda name: False)
    lacking = {fact.name for fact in machine._encoders() if fact.standing == "missing"}
    needed = {"prores_ks", "prores_aw", "libx264", "libvpx-vp9", "png", "aac", "libopus"}
    assert lacking == needed
    facts = _named(machine._encoders())
    assert facts["qtrle"].standing == "optional"
    assert "'av>=18,<20'" in facts["libx264"].hint


def test_extras_that_lack_have_their_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = _named(machine._packages())
    extras = {"OpenEXR": "film", "tifffile": "film", "scipy": "eval", "onnxruntime": "onnx"}
    for name, extra in {**extras, "cv2": "train", "torch": "torch"}.items():
        assert found[name].standing == "optional"
        assert found[name].hint == f"pip install 'streammat[{extra}]'"
        assert extra in tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]


def test_looking_for_extras_imports_none() -> None:
    code = (
        "import sys; from streammat.cli.machine import _packages; list(_packages());"
        "print({'torch', 'scipy', 'cv2', 'onnxruntime', 'tensorboard'} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_install_lines_ask_no_index_for_streammat_and_pin_av_as_the_package_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert machine._AV.strip("'") in tomllib.loads(PYPROJECT.read_text())["project"]["dependencies"]
    monkeypatch.setattr(machine, "_version", lambda name: None)
    assert _named(machine._packages())["av"].hint == "pip install 'av>=18,<20'"
    assert machine._REINSTALL.startswith("pip install --force-reinstall . ")
