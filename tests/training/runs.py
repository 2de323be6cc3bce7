"""Runs of a few steps on the tiny data set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from streammat.models import create_model
from streammat.training.batch import Batch, BatchSource
from streammat.training.cache import Cache
from streammat.training.data import Sampler, split
from streammat.training.held_out import CachedPairs
from streammat.training.recipe import Recipe, load_recipe
from streammat.training.schedule import Budget, Phase
from streammat.training.trainer import Trainer, Work


def tiny_recipe(folder: Path, **changes: Any) -> Recipe:
    """The recipe in `folder` at the smallest picture, changed."""
    phases = (Phase(1.0, 2, ((32, 32),)),)
    return load_recipe(str(folder / "tiny.toml"))._replace(**{"phases": phases, **changes})


def make_trainer(folder: Path, out: Path, steps: int, **changes: Any) -> Trainer:
    """A fresh trainer that writes to `out`, drawn by the recipe's seed."""
    recipe = tiny_recipe(folder, **changes)
    cache = Cache(folder / "cache")
    pairs, _ = split(cache.of_kind("pair"), recipe.holdout_prefixes, recipe.holdout_share)
    torch.manual_seed(recipe.seed)
    out.mkdir(exist_ok=True)
    source = Sampler(cache, pairs, recipe.mix, recipe.seed)
    model = create_model(recipe.model)
    return Trainer(Work(model, recipe, source, Budget(steps=steps), out))


def held_out(folder: Path) -> CachedPairs:
    """The picture that the recipe keeps back."""
    cache = Cache(folder / "cache")
    return CachedPairs(cache, cache.of_kind("pair")[-1:])


def same_weights(one: Trainer, other: Trainer) -> bool:
    """Weights, averages and optimiser states equal bit for bit."""
    pairs = [(one.model, other.model), (one.ema, other.ema)]
    for first, second in pairs:
        state = second.state_dict()
        if not all(torch.equal(value, state[name]) for name, value in first.state_dict().items()):
            return False
    first, second = (t.optimizer.state_dict()["state"] for t in (one, other))
    return all(
        torch.equal(value, second[number][name])
        for number, values in first.items()
        for name, value in values.items()
    )


class Spoiled:
    """A source whose batch of one step holds a sample that is no number."""

    def __init__(self, source: BatchSource, step: int) -> None:
        self._source, self._step = source, step
        self.fingerprint, self.samples = source.fingerprint, source.samples

    def batch(self, step: int, first: int, count: int, height_px: int, width_px: int) -> Batch:
        batch = self._source.batch(step, first, count, height_px, width_px)
        if step == self._step:
            batch.rgb[0, 0, 0, 0] = torch.nan
        return batch

    def ahead(self, step: int, first: int, count: int, height_px: int, width_px: int) -> None:
        self._source.ahead(step, first, count, height_px, width_px)
