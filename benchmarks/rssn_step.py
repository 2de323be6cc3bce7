"""What a step of GFM's published training takes, so that a batch can be held against it."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from streammat.models import create_model
from streammat.training.batch import Batch
from streammat.training.recipe import changed, load_recipe
from streammat.training.schedule import Budget
from streammat.training.trainer import Trainer, Work

from .record import Spread

__all__ = ["step_ms"]

RECIPE = "official"


class _Again:
    """A source of batches that only ever has this one."""

    fingerprint = "one batch"

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        self.samples = len(batch.rgb)

    def batch(self, step: int, first: int, count: int, height_px: int, width_px: int) -> Batch:
        """The one batch."""
        del step, first, count, height_px, width_px
        return self._batch

    def ahead(self, step: int, first: int, count: int, height_px: int, width_px: int) -> None:
        """Nothing is to be drawn."""


def step_ms(
    batch: Batch,
    precision: str,
    steps: int = 10,
    warm_ups: int = 3,
    model: str | None = None,
    begin: Callable[[], object] = tuple,
) -> Spread:
    """Milliseconds of an optimiser step of the recipe ``official`` on a batch that is there.

    Args:
        batch: with foreground, background and label maps; its device is that of the network.
        precision: fp32, fp16 or bf16, see `streammat.training.precision`.
        steps: that are timed, after ``warm_ups``; each ends with its loss on the host.
        warm_ups: steps that are not timed.
        model: another network than the recipe's.
        begin: called after the warm-ups.
    """
    recipe = changed(load_recipe(RECIPE), steps=1_000_000, precision=precision)
    recipe = recipe._replace(model=model or recipe.model)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as out:
        network = create_model(recipe.model)
        work = Work(network, recipe, _Again(batch), Budget(steps=1_000_000), Path(out))
        trainer = Trainer(work, device=batch.rgb.device)
        for _ in range(warm_ups):
            trainer.train_step(batch)
        begin()
        return Spread.of([_timed(trainer, batch) for _ in range(steps)])


def _timed(trainer: Trainer, batch: Batch) -> float:
    start = time.perf_counter()
    trainer.train_step(batch)
    return (time.perf_counter() - start) * 1e3
