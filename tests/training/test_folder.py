"""What a run's folder may lose, and what it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")

from streammat.errors import ConfigError
from streammat.training.folder import (
    allow_replacing,
    check_folder,
    clear,
    end_replacing,
    may_replace,
)


def _filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    return folder


def _left(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_what_a_run_wrote_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    out = _filled(
        tmp_path,
        *("last.pt", "best.pt", "ema.pt", "log.jsonl", "run.json", "pictures/0000300.png"),
        *("pictures/frame_0001.png", "pictures/0001.png", "notes.txt", "film.onnx"),
    )
    clear(out)
    assert _left(out) == ["film.onnx", "notes.txt", "pictures/0001.png", "pictures/frame_0001.png"]


def test_a_folder_without_a_run_is_left_as_it_is(tmp_path: Path) -> None:
    out = _filled(tmp_path, "pictures/0000001.png", "bad_batch.pt")
    clear(out)
    assert _left(out) == ["bad_batch.pt", "pictures/0000001.png"]


def test_a_run_does_not_write_over_pictures_of_others(tmp_path: Path) -> None:
    out = _filled(tmp_path, "pictures/0000001.png")
    with pytest.raises(ConfigError, match=r"0000001\.png was made by no run.*another --out"):
        check_folder(out, None, None)
    check_folder(_filled(out, "log.jsonl"), None, None)
    check_folder(tmp_path / "new", None, None)


@pytest.mark.parametrize("name", ["last.pt", "best.pt", "ema.pt"])
def test_a_run_does_not_begin_from_files_that_it_writes(tmp_path: Path, name: str) -> None:
    out = _filled(tmp_path / "out", name)
    start = f"{tmp_path}/out/../out/{name}"
    with pytest.raises(ConfigError, match=f"{name}: a run in .* writes this file itself"):
        check_folder(out, start, None)
    with pytest.raises(ConfigError, match="cannot begin with it"):
        check_folder(out, None, out / name)
    check_folder(tmp_path / "other", start, None)
    check_folder(out, "gfm_lite0_tt", None)


def test_leave_to_replace_a_model_is_for_one_name_and_ends(tmp_path: Path) -> None:
    assert not may_replace(tmp_path, "film")
    allow_replacing(tmp_path, "film")
    assert may_replace(tmp_path, "film")
    assert not may_replace(tmp_path, "other")
    end_replacing(tmp_path)
    assert not may_replace(tmp_path, "film")
