"""What one training process does."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import cv2
import torch

from streammat.models import Gfm, create_model
from streammat.models.checkpoints import load_encoder, load_state
from streammat.training.cache import Cache
from streammat.training.data import Sampler, split
from streammat.training.loop import Budget, Intervals, Trainer, run
from streammat.training.parallel import join
from streammat.training.recipe import load_recipe


class Job(NamedTuple):
    """The command line, as the processes need it."""

    recipe: str
    out: Path
    cache: Path
    encoder: Path | None
    start: Path | None
    minutes: float
    workers: int
    validate_every: int


def work(rank: int, job: Job, meeting_file: Path) -> None:
    """Train as process `rank` of `job.workers`; continues where OUT/last.pt stopped."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    cv2.setNumThreads(1)
    group = join(rank, job.workers, meeting_file)
    recipe = load_recipe(job.recipe)
    torch.manual_seed(recipe.seed)
    cache = Cache(job.cache)
    pairs, held = split(cache.of_kind("pair"), recipe.holdout_prefixes, recipe.holdout_share)
    model = create_model(recipe.model)
    if not isinstance(model, Gfm):
        raise ValueError(f"{recipe.model} is no light GFM: this loop trains gfm_lite0 variants")
    if job.encoder:
        load_encoder(model, job.encoder)
    if job.start:
        model.load_state_dict(load_state(job.start))
    sampler = Sampler(cache, pairs, recipe.mix, recipe.seed)
    budget = Budget(seconds=60 * job.minutes)
    trainer = Trainer(model, recipe, sampler, budget, job.out, group)
    last = job.out / "last.pt"
    if last.is_file():
        trainer.resume(last)
    run(trainer, cache, held, Intervals(validate=job.validate_every))
