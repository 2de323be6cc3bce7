from __future__ import annotations

import os
from pathlib import Path

import pytest

from streammat.matting.cache import KEPT_NETWORKS, engine_cache


def test_the_variable_moves_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "here"))
    assert engine_cache() == tmp_path / "here" / "engines"
    assert (tmp_path / "here" / "engines").is_dir()


def test_else_it_lies_in_the_users_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STREAMMAT_CACHE_DIR", raising=False)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name, **_: tmp_path / name)
    assert engine_cache() == tmp_path / "streammat" / "engines"


def test_a_folder_that_cannot_be_made_means_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "file"))
    assert engine_cache() is None


def test_only_the_networks_used_last_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path))
    (tmp_path / "engines").mkdir()
    for age in range(KEPT_NETWORKS + 3):
        blob = tmp_path / "engines" / f"{age:02}.blob"
        blob.write_bytes(b"network")
        os.utime(blob, (1e9 - age, 1e9 - age))
    engine_cache()
    kept = sorted(blob.stem for blob in (tmp_path / "engines").iterdir())
    assert kept == [f"{age:02}" for age in range(KEPT_NETWORKS)]
