"""Train a few steps, export, matte a clip with the result."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("onnx")

from streammat.cli import main
from tests.clips import make_clip
from tests.training.tiny import write_data, write_recipe


def test_a_trained_model_mattes_a_clip(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, recipe, out = write_data(tmp_path / "data"), tmp_path / "tiny.toml", tmp_path / "run"
    write_recipe(recipe)
    train = ["train", "--recipe", str(recipe), "--data", str(data), "--out", str(out)]
    assert main([*train, "--steps", "2", "--threads", "1", "--name", "mine", "--dry-run"]) == 0
    assert not out.exists()
    options = ["--steps", "2", "--threads", "1", "--name", "mine", "--no-tensorboard", "--json"]
    capsys.readouterr()
    assert main([*train, *options]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["model"] == str(out / "mine.onnx")
    assert result["outcome"]["finished"]
    clip = make_clip(tmp_path / "in.mp4", frames=3, size=(192, 128))
    matte = ["matte", str(clip.path), "-o", str(tmp_path / "out.mov"), "--size", "96x64"]
    assert main([*matte, "--model", str(out / "mine.onnx"), "--progress", "none"]) == 0
    assert (tmp_path / "out.mov").stat().st_size > 1000
    card = json.loads((out / "mine.json").read_text())
    assert card["training"]["step"] == 2
    # The weights alone can be imported too; that they load is enough here, exporting takes long.
    from streammat.models import load_checkpoint

    assert load_checkpoint(out / "mine.safetensors").rosta == "TT"
