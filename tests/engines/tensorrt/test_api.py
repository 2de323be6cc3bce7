"""Which TensorRT is there: what is odd about an installation is one line."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from streammat_engines.tensorrt.api import load_api
from streammat_kernels.errors import DependencyError


@pytest.mark.parametrize("backend", ["tensorrt", "tensorrt-rtx"])
@pytest.mark.parametrize("version", ["", "dev", "unknown+cu13", "None"])
def test_a_release_that_does_not_say_which_it_is_gets_one_line(
    backend: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = backend.replace("-", "_")
    monkeypatch.setitem(sys.modules, name, SimpleNamespace(__version__=version))
    with pytest.raises(DependencyError, match=rf"{backend} .*not supported.*pip install") as said:
        load_api(backend)
    assert str(said.value).count("\n") == 0
    assert said.value.exit_code == 4


@pytest.mark.parametrize("version", ["10.0b1", "10.0.0b6"])
def test_a_release_before_the_final_one_is_told_by_its_numbers(
    version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", SimpleNamespace(__version__=version))
    assert load_api("tensorrt").major == 10
    assert load_api("tensorrt").version == version


def test_bindings_that_raise_when_they_are_imported_cannot_be_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorrt.py").write_text("raise RuntimeError('no\\n driver')")
    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DependencyError, match=r"cannot be loaded \(no driver\): pip install"):
        load_api("tensorrt")


def test_an_empty_folder_of_its_name_is_no_tensorrt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorrt").mkdir()
    monkeypatch.delitem(sys.modules, "tensorrt", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        with pytest.raises(DependencyError, match=r"tensorrt has its name.*pip install") as said:
            load_api("tensorrt")
        assert str(tmp_path) in str(said.value)
    finally:
        sys.modules.pop("tensorrt", None)


def test_an_empty_folder_hides_no_other_module_of_the_same_release(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tensorrt_rtx").mkdir()
    (tmp_path / "tensorrt_rtx_bindings.py").write_text("__version__ = '1.7.1.116'")
    for name in ("tensorrt_rtx", "tensorrt_rtx_bindings"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    try:
        assert load_api("tensorrt-rtx").version == "1.7.1.116"
    finally:
        for name in ("tensorrt_rtx", "tensorrt_rtx_bindings"):
            sys.modules.pop(name, None)
