"""Training recipes: TOML files beside this module, or given by path."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from streammat.training.data import Mix


class Phase(NamedTuple):
    """A stretch of training at one picture area; shapes are H, W in pixels, multiples of 32."""

    until: float  # share of the time budget at which it ends
    batch: int
    shapes: tuple[tuple[int, int], ...]


class Recipe(NamedTuple):
    """Everything that shapes a run except the data folder and the time it may take."""

    model: str
    seed: int
    encoder_lr: float
    decoder_lr: float
    weight_decay: float
    warmup_steps: int
    clip_norm: float
    ema_decay: float
    frozen_stages: int
    holdout_prefixes: tuple[str, ...]
    holdout_share: float
    mix: Mix
    phases: tuple[Phase, ...]


def _phase(record: dict[str, object]) -> Phase:
    shapes = record["shapes"]
    assert isinstance(shapes, list)
    until, batch = float(str(record["until"])), int(str(record["batch"]))
    return Phase(until, batch, tuple((int(h), int(w)) for h, w in shapes))


def load_recipe(name: str) -> Recipe:
    """`name` is the name of a recipe of this package, or a path to a TOML file."""
    path = Path(name)
    if path.suffix != ".toml":
        path = Path(__file__).parent / "recipes" / f"{name}.toml"
    if not path.is_file():
        raise ValueError(f"no recipe {name!r}: {path} does not exist")
    record = tomllib.loads(path.read_text())
    mix = Mix(**record.pop("mix"))
    phases = tuple(_phase(p) for p in record.pop("phases"))
    prefixes = tuple(record.pop("holdout_prefixes"))
    return Recipe(**record, holdout_prefixes=prefixes, mix=mix, phases=phases)
