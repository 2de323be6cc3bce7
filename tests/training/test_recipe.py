from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.cli.train import RECIPES
from streammat.errors import ConfigError
from streammat.training import rssn
from streammat.training.losses import DEFECTS
from streammat.training.recipe import (
    FOLDER,
    budget_of,
    changed,
    check_norms,
    load_recipe,
    make_recipe,
    recipe_names,
)
from streammat.training.rssn import decisions
from streammat.training.schedule import Budget, Phase

SQUARE = [{"until": 1, "batch": 2, "shapes": [[64, 64]]}]


def table(**changes: Any) -> dict[str, Any]:
    """A right recipe as TOML gives it, changed; None removes a key."""
    record = tomllib.loads((FOLDER / "gfm_lite0.toml").read_text()) | changes
    return {key: value for key, value in record.items() if value is not None}


@pytest.mark.parametrize(
    "name",
    [
        "gfm_lite0",
        "gfm_lite0_further",
        "gfm_lite0_hard",
        "gfm_lite0_filmed",
        "gfm_lite0_steady",
        "gfm_lite0_fringed",
        "official",
        "official_comp",
        "official_rssn",
        "finetune",
    ],
)
def test_the_shipped_recipes_load_and_have_a_length(name: str) -> None:
    assert name in recipe_names()
    recipe = load_recipe(name)
    assert budget_of(recipe, 1800).progress(0.0, 0) == 0
    assert recipe.phases[-1].until == 1.0


def test_the_help_names_every_recipe_for_train() -> None:
    words = set(re.findall(r"\w+", RECIPES))
    for name in set(recipe_names()) - {"finetune"}:
        assert name in words or name.removeprefix("gfm_lite0") in words


def test_batches_that_batch_norms_see_two_values_of_are_taken() -> None:
    for batch, shape, frozen in ((2, [32, 32], False), (1, [32, 64], False), (1, [32, 32], True)):
        phases = [{"until": 1, "batch": batch, "shapes": [shape]}]
        recipe = make_recipe(table(phases=phases, frozen_norms=frozen), "here")
    check_norms(recipe, "here", processes=1)
    recipe = recipe._replace(frozen_norms=False, phases=(Phase(1.0, 2, ((32, 32),)),))
    check_norms(recipe, "here", processes=1)
    with pytest.raises(ConfigError, match=r"here: .* give each process one crop"):
        check_norms(recipe, "here", processes=2)


def test_the_official_recipe_has_the_published_parameters_and_names_its_corrections() -> None:
    recipe = load_recipe("official")
    assert (recipe.optimizer, recipe.schedule, recipe.loss) == ("adam", "constant", "official")
    assert recipe.encoder_lr == recipe.decoder_lr == 1e-5
    assert (recipe.weight_decay, recipe.warmup_steps, recipe.clip_norm) == (0, 0, 0)
    assert recipe.phases[0].batch == 32
    assert recipe.phases[0].shapes == ((320, 320),)
    assert recipe.keep_defects == ()
    text = (FOLDER / "official.toml").read_text()
    assert all(f'"{name}"' in text for name in (*DEFECTS, *decisions.DEFECTS))
    assert all(f"#   {name} " in text for name in decisions.CORRECTED)
    assert budget_of(recipe, 1800) == Budget(steps=500 * 57)


@pytest.mark.parametrize(
    ("name", "track", "backgrounds"),
    [("official_comp", "comp", ("coco",)), ("official_rssn", "rssn", ("bg20k",))],
)
def test_the_composite_tracks_are_the_official_recipe_with_other_samples_and_length(
    name: str, track: str, backgrounds: tuple[str, ...]
) -> None:
    recipe, photographs = load_recipe(name), load_recipe("official")
    assert recipe._replace(epochs=500, data=photographs.data) == photographs
    settings = rssn.rssn_settings(recipe.data)
    assert (settings.track, settings.backgrounds) == (track, backgrounds)
    assert (settings.sets, settings.bags, settings.keep_defects) == (("am2k",), 5, ())
    assert settings.denoise
    assert budget_of(recipe, 5 * 1800) == Budget(steps=100 * 282)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encoder_rl": 0.1}, "no key 'encoder_rl', did you mean 'encoder_lr'"),
        ({"encoder_lr": -1}, "encoder_lr = -1 must be a number from 0 to 1"),
        ({"encoder_lr": "fast"}, "encoder_lr = 'fast' must be a number"),
        ({"encoder_lr": True}, "encoder_lr = True must be a number"),
        ({"seed": None}, "seed is missing"),
        ({"seed": 1.5, "clip_norm": -2}, r"seed = 1.5 .*; clip_norm = -2"),
        ({"model": "gfm_lite0"}, "did you mean 'gfm_lite0_"),
        ({"loss": "l2"}, "loss = 'l2' must be 'light' or 'official'"),
        ({"optimizer": "sgd"}, "must be 'adamw' or 'adam'"),
        ({"keep_defects": ["all"]}, "must be a list of ft_bt_glance_targets"),
        ({"frozen_norms": 1}, "must be true or false"),
        ({"second_glance": 2}, "second_glance = 2 must be a number from 0 to 1"),
        (
            {"second_glance": 0.5, "model": "gfm_r34_rim", "loss": "official"},
            "a RIM network has three glances",
        ),
        ({"steps": 10}, "one of steps, epochs and minutes"),
        ({"mix": [0.1]}, r"\[mix\] must be a table of keys and values, not \[0.1\]"),
        ({"phases": [1]}, "number 1 must be a table"),
        ({"mix": {"strand": 0.1}}, r"\[mix\]: no key 'strand', did you mean 'strands'"),
        ({"mix": {"strands": 0.6, "cutouts": 0.6}}, "more than 1"),
        ({"mix": {"source_weights": {"a": "b"}}}, "source_weights = .* must be a table"),
        ({"mix": {"pairs": 2}}, "pairs = 2 must be a number from 0 to 1"),
        ({"mix": {"pairs": 0.5}, "loss": "official"}, r'pairs needs loss = "light"'),
        (
            {"mix": {"pairs": 0.5, "video": 0.3}, "data": {"track": "ori"}, "phases": SQUARE},
            r"\[mix\] pairs, video has no effect beside a \[data\] table; leave it out",
        ),
        ({"keep_defects": ["label_two"]}, 'keep_defects are those of loss = "official", not'),
        (
            {
                "mix": {"pairs": 0.5},
                "phases": [{"until": 1, "batch": 3, "shapes": [[64, 64]]}],
            },
            "pairs needs even batches, not 3",
        ),
        (
            {"phases": [{"until": 1, "batch": 1, "shapes": [[64, 64], [32, 32]]}]},
            r"one crop of \[32, 32\], of which batch norms see one value: give larger batches",
        ),
        ({"data": 0}, "data = 0 must be a table"),
        ({"data": []}, r"data = \[\] must be a table"),
        ({"data": False}, "data = False must be a table"),
        ({"data": {}}, "data = {} must be a table"),
        ({"data": {"track": "ori"}}, r"are squares.* ask for \[192, 224\]"),
        ({"loss": "official"}, r'"official" needs .* \[data\] table'),
        ({"model": "gfm_r34_ft"}, '"light" is for TT networks, not gfm_r34_ft'),
        ({"phases": []}, r"at least one \[\[phases\]\]"),
        ({"phases": [{"until": 1, "batch": 2, "shapes": [[100, 64]]}]}, "multiples of 32"),
        ({"phases": [{"until": 1, "batch": 2, "shapes": [64, 64]}]}, "number 1: shapes = "),
        ({"phases": [{"until": 0.5, "batch": 2, "shapes": [[64, 64]]}]}, "end at 1; it is 0.5"),
    ],
)
def test_wrong_keys_and_values_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as fault:
        make_recipe(table(**changes), "my.toml")
    assert str(fault.value).startswith("my.toml")


def test_shares_that_add_up_to_1_in_decimals_are_taken() -> None:
    mix = {"strands": 0.33, "cutouts": 0.56, "composites": 0.11}
    assert sum(mix.values()) > 1  # as the computer adds them
    assert make_recipe(table(mix=mix), "my.toml").mix.strands == 0.33


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"minutes": math.nan}, "minutes = nan must be a number from 0.001 to 1e"),
        ({"minutes": math.inf}, "minutes = inf must be"),
        ({"seed": 10**20}, "seed = 1000.* must be a whole number"),
        ({"steps": 10**12}, "steps = 1000.* must be a whole number"),
        ({"steps": 1, "minutes": 1.0}, "not both"),
    ],
)
def test_options_are_held_to_the_recipes_rules(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        changed(load_recipe("gfm_lite0"), **given)
    assert changed(load_recipe("gfm_lite0"), steps=7, seed=3)[1] == 3


def test_a_recipe_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no recipe 'oficial': did you mean 'official'"):
        load_recipe("oficial")
    with pytest.raises(
        ConfigError, match=r"does not exist; check the path, or use one of .*official"
    ):
        load_recipe(str(tmp_path / "no.toml"))
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigError, match=r"folder\.toml cannot be read: .*; give a \.toml file"):
        load_recipe(str(tmp_path / "folder.toml"))
    (tmp_path / "broken.toml").write_text("model = ")
    with pytest.raises(ConfigError, match="is no TOML"):
        load_recipe(str(tmp_path / "broken.toml"))


def test_a_recipe_without_a_length_says_how_to_give_one() -> None:
    recipe = make_recipe(table(minutes=None), "my.toml")
    with pytest.raises(ConfigError, match="--steps N or --minutes M"):
        budget_of(recipe, 10)
