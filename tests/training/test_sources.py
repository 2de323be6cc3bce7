"""A run on published data sets: recipe, source, loss and loop together."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")
pytest.importorskip("onnx")

from streammat.datasets.layouts import layout_named
from streammat.errors import ConfigError
from streammat.training.loop import Intervals
from streammat.training.parallel import Group
from streammat.training.plan import plan
from streammat.training.recipe import Recipe, load_recipe
from streammat.training.schedule import Phase
from streammat.training.sources import open_data
from streammat.training.work import Job, prepare, work
from tests.datasets.trees import write_tree

NARROW = "gfm_r34_tt_div16"


def small_official(track: str) -> Recipe:
    recipe = load_recipe("official")
    data = {**recipe.data, "track": track}
    if track != "ori":
        data["backgrounds"] = ["bg20k"]
    phases = (Phase(1.0, 2, ((64, 64),)),)
    return recipe._replace(model=NARROW, phases=phases, data=data, epochs=None, steps=2)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("am2k", "bg20k"):
        write_tree(layout_named(name), tmp_path / "data")
    return tmp_path / "data"


@pytest.mark.parametrize("track", ["ori", "rssn"])
def test_the_official_recipe_trains_on_published_folders(
    track: str, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    recipe = small_official(track)
    job = Job(recipe, tmp_path / "cache", tmp_path / "out", every=Intervals(1, 1, 1), data=data)
    assert plan(job, data)["first batch"] == "2x3x64x64"
    outcome = work(0, job, None)
    assert (outcome.finished, outcome.step) == (True, 2)
    assert outcome.weights == tmp_path / "out" / "ema.pt"  # nothing to validate on, so no best


def test_folders_to_validate_on_replace_the_recipes(data: Path, tmp_path: Path) -> None:
    pictures, alphas = data / "AM-2k/train/original", data / "AM-2k/train/mask"
    job = Job(
        small_official("ori"), tmp_path, tmp_path, data=data, pictures=pictures, alphas=alphas
    )
    _, held = open_data(job, print)
    assert len(held) == 2
    assert held.sources() == ["original"]
    assert held[0].rgb.shape == (70, 80, 3)
    held_back = job._replace(
        recipe=job.recipe._replace(holdout_prefixes=("a",)), pictures=None, alphas=None
    )
    source, held = open_data(held_back, print)
    assert (source.samples, len(held)) == (1, 1)


def test_a_recipe_with_data_sets_needs_their_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="give --data DIR"):
        prepare(Job(small_official("ori"), tmp_path, tmp_path), Group())
