"""Training recipes: TOML files beside this module, or given by path."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from itertools import pairwise
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from streammat.errors import ConfigError
from streammat.models import Rosta, model_names
from streammat.models.config import GfmConfig
from streammat.training import schema
from streammat.training.contents import Mix
from streammat.training.losses import DEFECTS, LOSSES
from streammat.training.optimise import OPTIMIZERS
from streammat.training.precision import PRECISIONS
from streammat.training.schedule import SCHEDULES, Budget, Phase

FOLDER = Path(__file__).parent / "recipes"
MULTIPLE_PX = 32
_MAX_COUNT = 10**9
_LENGTHS = ("steps", "epochs", "minutes")


class Recipe(NamedTuple):
    """Everything that shapes a run except the data folder and, if it is given, its length."""

    model: str
    seed: int
    encoder_lr: float
    decoder_lr: float
    weight_decay: float
    warmup_steps: int
    clip_norm: float  # 0: gradients are not clipped
    ema_decay: float  # 0: the weights themselves are validated and delivered
    frozen_stages: int  # of the encoder, from the input
    holdout_prefixes: tuple[str, ...]
    holdout_share: float
    mix: Mix
    phases: tuple[Phase, ...]
    frozen_norms: bool = False  # batch norms keep their statistics
    blend: float = 1.0  # how far the result goes from the starting weights to the trained ones
    second_glance: float = 0.0  # share of steps in which the network looks twice
    optimizer: str = "adamw"
    schedule: str = "cosine"
    loss: str = "light"
    keep_defects: tuple[str, ...] = ()
    precision: str = "auto"
    steps: int | None = None
    epochs: int | None = None
    minutes: float | None = None
    data: Mapping[str, Any] = {}


_KEYS = {
    "model": schema.text(),
    "seed": schema.whole(0, _MAX_COUNT),
    "encoder_lr": schema.number(0, 1),
    "decoder_lr": schema.number(0, 1),
    "weight_decay": schema.number(0, 1),
    "warmup_steps": schema.whole(0, _MAX_COUNT),
    "clip_norm": schema.number(0, 1e9),
    "ema_decay": schema.number(0, 0.999999),
    "frozen_stages": schema.whole(0, 5),
    "frozen_norms": schema.flag(False),
    "blend": schema.number(0.01, 1, 1.0),
    "second_glance": schema.number(0, 1, 0.0),
    "holdout_prefixes": schema.names(default=()),
    "holdout_share": schema.number(0, 0.9, 0.0),
    "optimizer": schema.choice(OPTIMIZERS, "adamw"),
    "schedule": schema.choice(SCHEDULES, "cosine"),
    "loss": schema.choice(LOSSES, "light"),
    "keep_defects": schema.names(tuple(DEFECTS), ()),
    "precision": schema.choice(PRECISIONS, "auto"),
    "steps": schema.whole(1, _MAX_COUNT, None),
    "epochs": schema.whole(1, _MAX_COUNT, None),
    "minutes": schema.number(0.001, 1e6, None),
}
_MIX = {
    "strands": schema.number(0, 1, 0.0),
    "cutouts": schema.number(0, 1, 0.0),
    "composites": schema.number(0, 1, 0.0),
    "whole_subject": schema.number(0, 1, 0.75),
    "source_weights": schema.table(schema.number(0, 1e6)),
    "video": schema.number(0, 1, 0.0),
    "cut_off": schema.number(0, 1, 0.0),
    "alike": schema.number(0, 1, 0.0),
    "printed": schema.number(0, 1, 0.0),
    "fringes": schema.number(0, 1, 0.0),
    "pairs": schema.number(0, 1, 0.0),
}
_PHASE = {
    "until": schema.number(0.0001, 1),
    "batch": schema.whole(1, 100_000),
    "shapes": schema.shapes(MULTIPLE_PX),
}
_TABLES = ("mix", "phases", "data")
_ROUNDING = 1e-9  # of shares that add up to 1 in decimals


def recipe_names() -> list[str]:
    """The recipes that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load_recipe(name: str) -> Recipe:
    """Read and check a recipe.

    Args:
        name: of a recipe that comes with the program, or the path of a ``.toml`` file.

    Raises:
        ConfigError: no such recipe, no TOML, or wrong keys and values, all of them named.
    """
    path = Path(name)
    if path.suffix != ".toml":
        path = FOLDER / f"{name}.toml"
        if not path.is_file():
            near = difflib.get_close_matches(name, recipe_names(), 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"no recipe {name!r}: {hint}use {', '.join(recipe_names())}, or a path to a .toml"
            )
    try:
        return make_recipe(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except FileNotFoundError:
        raise ConfigError(
            f"no recipe {name}: the file does not exist; check the path, or use one of "
            f"{', '.join(recipe_names())}"
        ) from None
    except OSError as error:
        raise ConfigError(
            f"recipe {path} cannot be read: {error.strerror or error}; give a .toml file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"recipe {path} is no TOML: {error}") from None


def make_recipe(record: Mapping[str, Any], where: str) -> Recipe:
    """A recipe from its tables; `where` names them in messages.

    Raises:
        ConfigError: wrong keys and values, all of one table named.
    """
    plain = {key: value for key, value in record.items() if key not in _TABLES}
    values = schema.check_table(plain, _KEYS, where)
    _check_model(values["model"], where)
    if sum(values[name] is not None for name in _LENGTHS) > 1:
        raise ConfigError(f"{where}: give one of steps, epochs and minutes, not several")
    if values["second_glance"] and GfmConfig.from_name(values["model"]).rosta is Rosta.RIM:
        raise ConfigError(f"{where}: second_glance: a RIM network has three glances; leave it out")
    mix = Mix(**schema.check_table(record.get("mix", {}), _MIX, f"{where}: [mix]"))
    if mix.strands + mix.cutouts + mix.composites > 1 + _ROUNDING:
        raise ConfigError(f"{where}: [mix] strands, cutouts and composites add up to more than 1")
    recipe = Recipe(**values, mix=mix, phases=_phases(record, where), data=record.get("data", {}))
    _check_pairs(recipe, where)
    _check_data(record, recipe, where)
    check_norms(recipe, where)
    if recipe.epochs is not None and len({phase.batch for phase in recipe.phases}) > 1:
        raise ConfigError(f"{where}: epochs needs the same batch in all phases; use steps")
    return recipe


def _check_pairs(recipe: Recipe, where: str) -> None:
    """Pairs of frames need a loss that compares them, samples of the mix, and room for two."""
    if not recipe.mix.pairs:
        return
    if recipe.loss != "light":
        raise ConfigError(f'{where}: [mix] pairs needs loss = "light", not {recipe.loss!r}')
    odd = [phase.batch for phase in recipe.phases if phase.batch % 2]
    if odd:
        raise ConfigError(f"{where}: [mix] pairs needs even batches, not {odd[0]}")


def _check_data(record: Mapping[str, Any], recipe: Recipe, where: str) -> None:
    """What samples of data sets need, and what needs them."""
    if "data" in record and (not isinstance(recipe.data, Mapping) or not recipe.data):
        raise ConfigError(
            f"{where}: data = {recipe.data!r} must be a table with track and sets; leave it out to "
            "train on a folder of pairs"
        )
    for height, width in (shape for phase in recipe.phases for shape in phase.shapes):
        if recipe.data and height != width:
            raise ConfigError(
                f"{where}: crops of data sets are squares, and [[phases]] ask for "
                f"[{height}, {width}]: give square shapes"
            )
    if recipe.loss == "official" and not recipe.data:
        raise ConfigError(
            f'{where}: loss = "official" needs foreground, background and label maps: name data '
            'sets in a [data] table, or use loss = "light"'
        )
    if recipe.loss == "light" and GfmConfig.from_name(recipe.model).rosta is not Rosta.TT:
        raise ConfigError(
            f'{where}: loss = "light" is for TT networks, not {recipe.model}: use loss = "official"'
        )
    if recipe.data and record.get("mix"):
        raise ConfigError(
            f"{where}: [mix] {', '.join(record['mix'])} has no effect beside a [data] table; leave "
            "it out (frames of clips: [data] video), or train on a folder of pairs"
        )
    if recipe.keep_defects and recipe.loss != "official":
        raise ConfigError(
            f'{where}: keep_defects are those of loss = "official", not of {recipe.loss!r}; leave '
            "them out"
        )


def check_shares(recipe: Recipe, processes: int) -> None:
    """Every batch is shared equally.

    Raises:
        ConfigError: a phase's batch cannot be.
    """
    for phase in recipe.phases:
        if phase.batch % processes:
            raise ConfigError(
                f"a batch of {phase.batch} cannot be shared by {processes} processes: use a batch "
                f"that is a multiple of {processes}, or another number of processes"
            )


def check_norms(recipe: Recipe, where: str, processes: int = 1) -> None:
    """Batch norms that take statistics need two values a channel, also where maps are smallest.

    Args:
        recipe: what would be trained.
        where: names it in the message.
        processes: that share each batch equally.

    Raises:
        ConfigError: a phase has one such value.
    """
    smallest = (MULTIPLE_PX, MULTIPLE_PX)  # becomes one pixel
    for phase in () if recipe.frozen_norms else recipe.phases:
        if phase.batch == processes and smallest in phase.shapes:
            raise ConfigError(
                f"{where}: [[phases]] give each process one crop of {list(smallest)}, of which "
                "batch norms see one value: give larger batches or shapes, or frozen_norms = true"
            )


def _check_model(name: str, where: str) -> None:
    try:
        GfmConfig.from_name(name)
    except ConfigError as error:
        raise ConfigError(f"{where}: model: {error}; e.g. {', '.join(model_names())}") from None


def _phases(record: Mapping[str, Any], where: str) -> tuple[Phase, ...]:
    given = record.get("phases")
    if not isinstance(given, list) or not given:
        raise ConfigError(f"{where}: needs at least one [[phases]] with until, batch and shapes")
    phases = tuple(
        Phase(**schema.check_table(phase, _PHASE, f"{where}: [[phases]] number {number}"))
        for number, phase in enumerate(given, 1)
    )
    ends = [phase.until for phase in phases]
    if ends[-1] != 1 or any(first >= second for first, second in pairwise(ends)):
        shown = ", ".join(f"{end:g}" for end in ends)
        raise ConfigError(f"{where}: [[phases]] until must rise and end at 1; it is {shown}")
    return phases


def budget_of(recipe: Recipe, samples: int) -> Budget:
    """When a run of this recipe ends; an epoch's last batch may be short and counts as one.

    Raises:
        ConfigError: the recipe has no length.
    """
    if recipe.steps is not None:
        return Budget(steps=recipe.steps)
    if recipe.epochs is not None:
        return Budget(steps=recipe.epochs * ceil(samples / recipe.phases[0].batch))
    if recipe.minutes is not None:
        return Budget(seconds=60 * recipe.minutes)
    raise ConfigError("the recipe has no length: give --steps N or --minutes M, or write it there")


def changed(
    recipe: Recipe,
    steps: int | None = None,
    minutes: float | None = None,
    seed: int | None = None,
    precision: str | None = None,
) -> Recipe:
    """The recipe with what was asked for instead of its own; None keeps that.

    Raises:
        ConfigError: two lengths at once, or what the recipe itself could not say.
    """
    if steps is not None and minutes is not None:
        raise ConfigError("give --steps or --minutes, not both")
    options = {"steps": steps, "minutes": minutes, "seed": seed, "precision": precision}
    given = {key: value for key, value in options.items() if value is not None}
    schema.check_table(given, {key: _KEYS[key] for key in given}, "instead of the recipe's")
    if steps is not None or minutes is not None:
        recipe = recipe._replace(steps=steps, epochs=None, minutes=minutes)
    if seed is not None:
        recipe = recipe._replace(seed=seed)
    return recipe._replace(precision=precision) if precision is not None else recipe
