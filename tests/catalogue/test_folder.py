from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from streammat.catalogue.folder import put_folder


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("new", "model"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.json").write_text(name)
    return tmp_path / "new", tmp_path / "model"


def test_the_old_model_stays_where_the_new_one_cannot_be_named(folders: tuple[Path, Path]) -> None:
    new, model = folders
    shutil.rmtree(new)
    with pytest.raises(FileNotFoundError):
        put_folder(new, model)
    assert (model / "card.json").read_text() == "model"
    assert [path.name for path in model.parent.iterdir()] == ["model"]


def test_a_new_model_takes_the_old_one_s_place(folders: tuple[Path, Path]) -> None:
    new, model = folders
    put_folder(new, model)
    assert (model / "card.json").read_text() == "new"
    assert [path.name for path in model.parent.iterdir()] == ["model"]
