from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from streammat.catalogue.cards import find_model
from streammat.cli import main
from streammat.datasets import Faults
from streammat.errors import ConfigError, InputError
from streammat.models import GfmConfig, GfmNetwork, create_model, delivery, save_checkpoint
from streammat.training.cache import Cache
from streammat.training.finetune import fitted_recipe
from streammat.training.folder import allow_replacing
from streammat.training.painted import HELD_OUT, TRAINED, cache_painted, find_painted, origin_of
from streammat.training.recipe import load_recipe
from tests.clips import make_clip
from tests.training.tiny import disc


def paint(folder: Path, count: int) -> tuple[Path, Path]:
    """Frames and alphas of a disc."""
    frames, alphas = folder / "frames", folder / "alphas"
    for path in (frames, alphas):
        path.mkdir(parents=True)
    for number in range(count):
        rgb, alpha = disc(number)
        cv2.imwrite(str(frames / f"{number:04d}.png"), rgb[..., ::-1])
        cv2.imwrite(str(alphas / f"{number:04d}.png"), alpha)
    return frames, alphas


def shipped_graph(_: GfmNetwork, path: Path, **__: Any) -> None:
    """In place of an export: the default model, which has the same form."""
    shutil.copyfile(find_model("gfm_lite0_tt").path, path)


def test_every_fifth_frame_is_held_out_and_bad_files_are_named(tmp_path: Path) -> None:
    frames, alphas = paint(tmp_path, 7)
    (frames / "0006.png").write_bytes(b"no picture")
    cv2.imwrite(str(frames / "0009.png"), np.zeros((8, 8, 3), np.uint8))
    cv2.imwrite(str(alphas / "0001.png"), np.zeros((40, 50), np.uint8))
    lines: list[str] = []
    faults = Faults(lines.append)
    samples = find_painted(frames, alphas, faults)
    assert cache_painted(samples, tmp_path / "cache", faults) == 4
    names = [entry.name for entry in Cache(tmp_path / "cache").entries]
    assert names == [
        f"{TRAINED}0000",
        f"{TRAINED}0002",
        f"{HELD_OUT}0003",  # the third that can be read
        f"{TRAINED}0004",
        f"{TRAINED}0005",
    ]
    assert len(lines) == 3
    assert "0009.png" in lines[0]
    assert "50x40" in lines[1]
    assert "0006.png" in lines[2]
    with pytest.raises(InputError, match="0009"):
        find_painted(frames, alphas, Faults(print, strict=True))


def test_of_five_frames_of_which_one_cannot_be_read_four_are_validated_on(tmp_path: Path) -> None:
    """Not the third alone, which would be held out."""
    frames, alphas = paint(tmp_path, 5)
    (frames / "0002.png").write_bytes(b"no picture")
    faults = Faults(print)
    samples = find_painted(frames, alphas, faults)
    assert cache_painted(samples, tmp_path / "cache", faults) == 4
    names = [entry.name for entry in Cache(tmp_path / "cache").entries]
    assert sum(name.startswith(HELD_OUT) for name in names) == 4


def test_a_frame_that_cannot_be_opened_is_left_out_and_told_apart_from_a_readable_one(
    tmp_path: Path,
) -> None:
    frames, alphas = paint(tmp_path, 3)
    lines: list[str] = []
    faults = Faults(lines.append)
    samples = find_painted(frames, alphas, faults)
    readable = origin_of(samples)
    (alphas / "0001.png").unlink()  # the painter's programme saves it anew just now
    assert origin_of(samples) != readable
    assert cache_painted(samples, tmp_path / "cache", faults) == 2
    assert len(lines) == 1
    assert "0001.png: not a readable picture (No such file or directory)" in lines[0]


def test_few_frames_are_learned_and_validated_on(tmp_path: Path) -> None:
    faults = Faults(print)
    samples = find_painted(*paint(tmp_path, 2), faults)
    assert cache_painted(samples, tmp_path / "cache", faults) == 2
    names = [entry.name for entry in Cache(tmp_path / "cache").entries]
    assert sorted(names) == [f"{HELD_OUT}{n:04d}" for n in (0, 1)] + [
        f"{TRAINED}{n:04d}" for n in (0, 1)
    ]


def test_alphas_that_are_all_0_or_1_are_learned_too(tmp_path: Path) -> None:
    frames, alphas = paint(tmp_path, 2)
    for number, value in enumerate((0, 255)):
        cv2.imwrite(str(alphas / f"{number:04d}.png"), np.full((80, 100), value, np.uint8))
    faults = Faults(print)
    assert cache_painted(find_painted(frames, alphas, faults), tmp_path / "cache", faults) == 2


def test_recipes_that_name_data_sets_are_refused() -> None:
    with pytest.raises(ConfigError, match="leave the table out"):
        fitted_recipe(load_recipe("official"), "gfm_lite0_tt")


def test_networks_that_are_not_tt_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "narrow_ft.safetensors"
    save_checkpoint(create_model(GfmConfig.from_name("gfm_r34_ft_div16")), path)
    with pytest.raises(ConfigError, match="is a FT network"):
        fitted_recipe(load_recipe("finetune"), str(path))


def test_a_finetuned_model_mattes_a_clip_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STREAMMAT_MODELS_DIR", str(tmp_path / "models"))
    # `test_circle` exports what was trained, which takes most of a minute.
    monkeypatch.setattr(delivery, "export_onnx", shipped_graph)
    frames, alphas = paint(tmp_path, 2)
    recipe = tmp_path / "short.toml"
    text = (Path(load_recipe.__code__.co_filename).parent / "recipes/finetune.toml").read_text()
    recipe.write_text(text.replace("[[224, 416], [288, 512], [320, 320]]", "[[96, 128]]"))
    out = tmp_path / "out"
    command = ["finetune", "--frames", str(frames), "--alphas", str(alphas), "--out", str(out)]
    options = ["--recipe", str(recipe), "--steps", "2", "--threads", "1", "--name", "film"]
    assert main([*command, *options, "--json"]) == 0
    shown = capsys.readouterr()
    result = json.loads(shown.out)
    assert result["outcome"]["step"] == 2
    assert 0 < result["error_before"] < 1
    assert "painted frames to learn" in shown.err
    card = json.loads((tmp_path / "models" / "film" / "card.json").read_text())
    assert card["training"]["from"] == "gfm_lite0_tt"
    clip = make_clip(tmp_path / "in.mp4", frames=2, size=(192, 128))
    matte = ["matte", str(clip.path), "-o", str(tmp_path / "out.mov"), "--size", "96x64"]
    assert main([*matte, "--model", "film", "--progress", "none"]) == 0
    assert main([*command, *options]) == 2
    assert "imported already" in capsys.readouterr().err
    assert main([*command, *options, "--overwrite"]) == 0
    assert main([*command, *options]) == 2, "leave to replace it ended with the run that had it"
    allow_replacing(out, "film")  # as a run that was stopped leaves it
    assert main([*command, *options]) == 0
    assert main([*command, *options[:-1], "other"]) == 0
    assert main([*command, *options[:-1], "other"]) == 2
