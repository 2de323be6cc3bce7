"""Where a run's batches and its held-out pictures come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from streammat.datasets import Faults
from streammat.errors import ConfigError
from streammat.training import rssn
from streammat.training.batch import BatchSource
from streammat.training.cache import Cache
from streammat.training.data import Sampler, is_held_out, split
from streammat.training.held_out import CachedPairs, FolderPairs, HeldOut
from streammat.training.painted import find_painted

if TYPE_CHECKING:
    from streammat.training.work import Job

CPU = torch.device("cpu")


def open_data(
    job: Job, note: Callable[[str], None], device: torch.device = CPU
) -> tuple[BatchSource, HeldOut]:
    """The source of a run's batches, and what it is validated on.

    A recipe with a ``[data]`` table names published data sets below ``job.data``; others take the
    cache. Folders to validate on replace what the recipe holds out of the cache.

    Args:
        job: of the run.
        note: takes a line for every file that is left out.
        device: of the network; on a GPU the samples of data sets are made there, too.

    Raises:
        InputError: data that is missing or, with ``job.strict``, of no use.
        ConfigError: a wrong ``[data]`` table, or nothing is left to train on.
    """
    faults = Faults(note, strict=job.strict)
    source, held = _published(job, faults, device, note) if job.recipe.data else _cached(job)
    if job.pictures is not None and job.alphas is not None:
        held = FolderPairs(find_painted(job.pictures, job.alphas, faults), faults)
    if faults.total:
        note(faults.summary())
    return source, held


def _published(
    job: Job, faults: Faults, device: torch.device, note: Callable[[str], None]
) -> tuple[BatchSource, HeldOut]:
    recipe = job.recipe
    if job.data is None:
        raise ConfigError("the recipe names data sets: give --data DIR, which holds them")
    sizes = {phase.batch for phase in recipe.phases}
    if len(sizes) > 1:
        raise ConfigError("recipes with a [data] table need the same batch in all phases")
    settings = rssn.rssn_settings(recipe.data)
    source = rssn.open_source(
        settings,
        job.data,
        sizes.pop(),
        recipe.seed,
        faults,
        job.threads,
        lambda name: is_held_out(name, recipe.holdout_prefixes, recipe.holdout_share),
        rssn.stage_on(device, note),
    )
    return source, FolderPairs(source.held_out, faults)


def _cached(job: Job) -> tuple[BatchSource, HeldOut]:
    cache, recipe = Cache(job.cache), job.recipe
    pairs, held = split(cache.of_kind("pair"), recipe.holdout_prefixes, recipe.holdout_share)
    if not pairs:
        raise ConfigError("no pictures are left to train on: all are held out by the recipe")
    return Sampler(cache, pairs, recipe.mix, recipe.seed), CachedPairs(cache, held)
