"""Where a run's batches and its held-out pictures come from."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, NamedTuple

from streammat.datasets import Faults
from streammat.datasets.checking import check_pixels, usable_samples
from streammat.errors import ConfigError
from streammat.training import rssn
from streammat.training.batch import BatchSource
from streammat.training.cache import Cache
from streammat.training.data import Sampler, is_held_out, split
from streammat.training.held_out import CachedPairs, FolderPairs, HeldOut
from streammat.training.painted import find_painted
from streammat.training.parallel import Group
from streammat.training.recipe import Recipe

if TYPE_CHECKING:
    from streammat.training.work import Job


class Data(NamedTuple):
    """What a run is fed with.

    Attributes:
        source: of its batches.
        held_out: what it is validated on.
        faults: files that were left out, and take those that turn out to be of no use later.
    """

    source: BatchSource
    held_out: HeldOut
    faults: Faults


def open_data(job: Job, note: Callable[[str], None], group: Group | None = None) -> Data:
    """The source of a run's batches, and what it is validated on.

    A recipe with a ``[data]`` table names published data sets below ``job.data``; others take the
    cache. Folders to validate on replace what the recipe holds out of the cache. Files that are
    read as the run goes are looked at first: their headers, and with ``job.strict`` all pixels.

    Args:
        job: of the run.
        note: takes a line for every file that is left out.
        group: this process's place, which shares the looking, and the network's device; on a GPU
            the samples of data sets are made there, too.

    Raises:
        InputError: data that is missing or, with ``job.strict``, of no use.
        ConfigError: a wrong ``[data]`` table, or nothing is left to train on.
    """
    faults, group = Faults(note, strict=job.strict), group or Group()
    source: BatchSource
    if job.recipe.data:
        source, held = _published(job, faults, group, note)
    else:
        source, held = _cached(job, note)
    if job.pictures is not None and job.alphas is not None:
        samples = usable_samples(find_painted(job.pictures, job.alphas, faults), faults)
        if job.strict:
            check_pixels(samples[group.rank :: group.size], [], faults, job.threads)
        held = FolderPairs(samples, faults)
    if faults.total:
        note(faults.summary())
    return Data(source, held, faults)


def _published(
    job: Job, faults: Faults, group: Group, note: Callable[[str], None]
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
        rssn.stage_on(group.device, note),
    )
    names = [sample.name for sample in source.held_out]
    check_prefixes(recipe.holdout_prefixes, names, note)
    if job.strict:
        source.check_pixels(group.rank, group.size)
    return source, FolderPairs(source.held_out, faults)


def _cached(job: Job, note: Callable[[str], None]) -> tuple[BatchSource, HeldOut]:
    cache, recipe = Cache(job.cache), job.recipe
    check_weights(recipe, {pair.source for pair in cache.of_kind("pair")}, note)
    everything = cache.of_kind("pair")
    pairs, held = split(everything, recipe.holdout_prefixes, recipe.holdout_share)
    check_prefixes(recipe.holdout_prefixes, [pair.name for pair in everything], note)
    if not pairs:
        raise ConfigError("no pictures are left to train on: all are held out by the recipe")
    if not any(recipe.mix.source_weights.get(pair.source, 1.0) for pair in pairs):
        raise ConfigError(
            "no pictures are left to train on: [mix] source_weights of all that are not held out "
            "are 0; give one of them more"
        )
    source = Sampler(cache, pairs, recipe.mix, recipe.seed, job.threads)
    return source, CachedPairs(cache, held)


def check_prefixes(
    prefixes: Collection[str], names: Collection[str], note: Callable[[str], None]
) -> None:
    """`note` takes a line on what is to be held out and is not there: it may be misspelt."""
    idle = [prefix for prefix in prefixes if not any(name.startswith(prefix) for name in names)]
    if idle:
        note(f"holdout_prefixes of no effect, no picture's name begins so: {', '.join(idle)}")


def check_weights(recipe: Recipe, sources: Collection[str], note: Callable[[str], None]) -> None:
    """Refuse weights of sources that seem to be misspelt; `note` takes a line on other unknown
    ones: recipes that come with the program name sources of the data that they were made for.

    Raises:
        ConfigError: naming the source that was meant.
    """
    unknown = sorted(set(recipe.mix.source_weights) - set(sources))
    for name in unknown:
        near = difflib.get_close_matches(name, set(sources) - set(recipe.mix.source_weights), 1)
        if near:
            raise ConfigError(
                f"[mix] source_weights: no pair has the source {name!r}, did you mean {near[0]!r}?"
            )
    if unknown:
        note(f"[mix] source_weights of no effect, no pair has these sources: {', '.join(unknown)}")
