"""A recipe's published data sets: what is trained on, and what is kept back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from streammat.datasets import Faults, Sample, find_backgrounds, find_samples
from streammat.datasets.layouts import layout_named
from streammat.datasets.reading import read_layers
from streammat.errors import ConfigError, InputError
from streammat.training.data import is_held_out
from streammat.training.recipe import Recipe
from streammat.training.rssn.settings import rssn_settings
from streammat.training.rssn.source import RssnSource
from streammat.training.validate import Example, HeldOut

__all__ = ["HeldOutSamples", "open_published"]


class HeldOutSamples(HeldOut):
    """Samples of data sets that are kept back; read when they are asked for."""

    def __init__(self, samples: Sequence[tuple[str, Sample]]) -> None:
        self._samples = list(samples)

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, number: int) -> Example:
        source, sample = self._samples[number]
        layers = read_layers(sample)
        return Example(sample.name, source, layers.picture, layers.alpha)


def open_published(
    recipe: Recipe,
    data: Path | None,
    notify: Callable[[str], None],
    *,
    strict: bool = False,
    threads: int = 1,
) -> tuple[RssnSource, HeldOutSamples]:
    """The source and the validation pictures of a recipe with a ``[data]`` table.

    Cut-outs are never kept back: they are no pictures.

    Args:
        recipe: its ``holdout_prefixes`` and ``holdout_share`` say what is kept back.
        data: folder that the data sets were unpacked into.
        notify: takes a line for every file that is left out.
        strict: such a file ends the run instead.
        threads: that decode and compose.

    Raises:
        ConfigError: wrong settings, or no folder.
        InputError: a data set that is not there, nothing left to train on, or ``strict``.
    """
    settings = rssn_settings(recipe.data)
    if data is None:
        raise ConfigError(f"the recipe trains on {', '.join(settings.sets)}: give --data DIR")
    faults = Faults(notify, strict=strict)
    train: list[Sample] = []
    weights: list[float] = []
    held: list[tuple[str, Sample]] = []
    for name in settings.sets:
        for sample in find_samples(layout_named(name), data, faults):
            kept_back = is_held_out(sample.name, recipe.holdout_prefixes, recipe.holdout_share)
            if kept_back and sample.kind != "cutout":
                held.append((name, sample))
            else:
                train.append(sample)
                weights.append(settings.weights.get(name, 1.0))
    backgrounds = [
        path for name in settings.backgrounds for path in find_backgrounds(layout_named(name), data)
    ]
    if faults.total:
        notify(faults.summary())
    if not np.any(weights):
        raise InputError("[data]: nothing is left to train on: all is held out or has weight 0")
    batch = max(phase.batch for phase in recipe.phases)
    source = RssnSource(settings, train, weights, backgrounds, batch, recipe.seed, faults, threads)
    return source, HeldOutSamples(held)
