from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from streammat.catalogue.cards import imported_models
from streammat.hidden import hidden_name
from streammat.models.importing import install


def _fill(licence: str) -> Callable[[Path], None]:
    card = {"name": "mine", "variant": "tt", "sha256": "ab" * 32, "licence": licence}

    def fill(folder: Path) -> None:
        (folder / "card.json").write_text(json.dumps(card))

    return fill


def test_an_old_model_that_cannot_be_removed_keeps_no_new_one_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path))
    install("mine", _fill("old"))
    remove = shutil.rmtree

    def refuse(folder: Path, ignore_errors: bool = False) -> None:
        if folder.name.startswith(".removed-"):
            if not ignore_errors:
                raise PermissionError(13, "Permission denied", str(folder))
        else:
            remove(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", refuse)
    assert install("mine", _fill("new"), overwrite=True).licence == "new"
    assert [card.licence for card in imported_models()] == ["new"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot be asked whether a process lives")
def test_what_killed_processes_left_of_a_model_goes_when_a_whole_one_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    left = [
        hidden_name(stem, 0).replace(f"-{os.getpid()}.", f"-{process.pid}.")
        for stem in ("import-mine", "removed-mine", "removed-other")
    ]
    for name in left:
        (tmp_path / name).mkdir()

    def fill(folder: Path) -> None:
        assert (tmp_path / left[1]).exists(), "it may be the last whole one"
        _fill("new")(folder)

    install("mine", fill)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([left[2], "mine"])
