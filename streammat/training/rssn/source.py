"""Batches of GFM's three tracks from published data sets, everything after decoding in kernels.

Pictures are decoded and decisions drawn on the CPU's threads; where the network trains on a GPU the
samples are made there.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.datasets import Faults, Sample
from streammat.datasets.checking import check_pixels
from streammat.datasets.reading import read_layers, read_rgb
from streammat.errors import InputError, MediaError
from streammat.training.batch import Batch
from streammat.training.fingerprint import files_digest
from streammat.training.rssn.decisions import (
    NOISE_SIGMA,
    Generators,
    draw_crop,
    draw_effects,
)
from streammat.training.rssn.filming import film
from streammat.training.rssn.layers import Scene, foreground_of, noise_level, photograph_scene
from streammat.training.rssn.settings import RssnSettings
from streammat.training.rssn.tensors import tensors_of
from streammat.training.video import Look, draw_look
from streammat_kernels.augment import RssnBatch, SamplePlan, rssn_batch
from streammat_kernels.augment.staged import RssnStage
from streammat_kernels.regions import sampled_levels

__all__ = ["RssnSource"]

TRANSITION = 128
_TRIES = 20  # pictures that cannot be read one after the other: then the disk is to blame


class _Drawn(NamedTuple):
    name: str
    scene: Scene
    plan: SamplePlan
    look: Look | None  # of a frame of a clip


class RssnSource:
    """Draws batches; see `streammat.training.batch.BatchSource`.

    With equal weights an epoch shows every foreground ``bags`` times, each time over another
    background, in an order of its own, and the next epoch others; with other weights samples are
    drawn independently.

    Args:
        settings: the checked table.
        samples, weights: what is trained on, and how often each is drawn.
        backgrounds: at least one, but for the ORI-Track.
        batch: samples of a whole batch, over all processes.
        seed: of everything that is drawn.
        faults: takes pictures that turn out to be unreadable.
        threads: that decode and compose.
        held_out: kept for the caller, who validates on them.
        stage: makes batches on a GPU; None makes them on the CPU.
    """

    def __init__(
        self,
        settings: RssnSettings,
        samples: Sequence[Sample],
        weights: Sequence[float],
        backgrounds: Sequence[Path],
        batch: int,
        seed: int,
        faults: Faults,
        threads: int = 1,
        held_out: Sequence[Sample] = (),
        stage: RssnStage | None = None,
    ) -> None:
        self.held_out = list(held_out)
        self._make: Any = rssn_batch if stage is None else stage.batch
        self._settings = settings
        self._all = list(samples)
        self._backgrounds = list(backgrounds)
        self._batch = batch
        self._seed = seed
        self._faults = faults
        shares = np.cumsum(weights) / np.sum(weights)
        self._shares: NDArray[np.float64] | None = shares if len(set(weights)) > 1 else None
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "streammat-samples")
        self._ahead: tuple[tuple[int, int, int], list[Future[_Drawn]]] | None = None
        self._epoch = -1  # of the two orders
        self._order = self._met = np.empty(0, np.int64)

    @property
    def samples(self) -> int:
        """Of one epoch."""
        bags = 1 if self._settings.track == "ori" else self._settings.bags
        return len(self._all) * bags

    @cached_property
    def fingerprint(self) -> str:
        """Of all files and of the settings, as the run begins; see `files_digest`."""
        files = [
            path
            for s in self._all
            for path in (s.picture, s.alpha, s.foreground, s.background)
            if path is not None
        ]
        named = ((path.name, path) for path in [*files, *self._backgrounds])
        return files_digest(named, repr(self._settings))

    def batch(self, step: int, first: int, count: int, height_px: int, width_px: int) -> Batch:
        """Samples `first` to `first + count - 1` of batch number `step`.

        Raises:
            InputError: the shape is no square, or one picture after the other cannot be read.
        """
        if height_px != width_px:
            raise InputError(
                f"[data]: crops are squares, and the recipe asks for {height_px}x{width_px}; "
                "give phases square shapes"
            )
        drawn = [job.result() for job in self._jobs(step, first, count)]
        scenes, plans = [d.scene for d in drawn], [d.plan for d in drawn]
        made = self._compose(scenes, plans, height_px)
        batch = tensors_of(made, tuple(d.name for d in drawn))
        return film(batch, [d.look for d in drawn], self._pool)

    def ahead(self, step: int, first: int, count: int, height_px: int, width_px: int) -> None:
        """Begin to decode for a batch that may be asked for next."""
        del height_px, width_px  # decoded whole
        self._ahead = (step, first, count), self._submit(step, first, count)

    def check_pixels(self, part: int = 0, parts: int = 1) -> None:
        """Decode every ``parts``-th file, those that are held out too; faults go to `faults`.

        Raises:
            InputError: a file is of no use and the faults are strict.
        """
        samples = [*self._all, *self.held_out][part::parts]
        pictures = self._backgrounds[part::parts]
        check_pixels(samples, pictures, self._faults, self._threads)

    def close(self) -> None:
        """End the threads; may be called again."""
        self._pool.shutdown(cancel_futures=True)

    def _jobs(self, step: int, first: int, count: int) -> list[Future[_Drawn]]:
        if self._ahead is not None and self._ahead[0] == (step, first, count):
            return self._ahead[1]
        return self._submit(step, first, count)

    def _submit(self, step: int, first: int, count: int) -> list[Future[_Drawn]]:
        places = range(step * self._batch + first, step * self._batch + first + count)
        chosen = [self._choose(position) for position in places]
        return [self._pool.submit(self._draw, *pair) for pair in zip(places, chosen, strict=True)]

    def _choose(self, position: int) -> tuple[int, int]:
        """Which sample and which background the ``position``-th draw of the run takes."""
        rounds = len(self._backgrounds) or 1
        if self._shares is not None:
            generator = np.random.default_rng((self._seed, position, 1))
            index = int(np.searchsorted(self._shares, generator.random(), side="right"))
            return min(index, len(self._all) - 1), int(generator.integers(rounds))
        epoch, place = divmod(position, self.samples)
        if self._epoch != epoch:
            generator = np.random.default_rng((self._seed, epoch, 2))
            self._epoch, self._order = epoch, generator.permutation(self.samples)
            self._met = generator.permutation(rounds)
        bag, index = divmod(int(self._order[place]), len(self._all))
        if "one_bag" in self._settings.keep_defects:
            return index, index % rounds
        return index, int(self._met[(index * self._settings.bags + bag) % rounds])

    def _draw(self, position: int, chosen: tuple[int, int]) -> _Drawn:
        generators = Generators.seeded(self._seed, position)
        index, back = chosen
        for attempt in range(_TRIES):
            sample = self._all[(index + attempt) % len(self._all)]
            try:
                scene = self._scene(sample, back + attempt)
            except MediaError as error:
                self._faults.unreadable(error)
                continue
            plan = self._plan(scene, generators, position)
            return _Drawn(sample.name, scene, plan, self._look(position))
        raise InputError(
            f"{_TRIES} pictures one after the other cannot be read; see the lines above"
        )

    def _scene(self, sample: Sample, back: int) -> Scene:
        layers = read_layers(sample)
        if self._settings.track == "ori":
            return photograph_scene(layers, sample.kind)
        path = self._backgrounds[back % len(self._backgrounds)]
        return Scene(None, foreground_of(layers, sample.kind), read_rgb(path), layers.alpha)

    def _plan(self, scene: Scene, generators: Generators, position: int) -> SamplePlan:
        settings, alpha = self._settings, scene.alpha
        denoise, blur_px, noise = False, 0, False
        if settings.track == "rssn":
            denoise, blur_px, noise = draw_effects(generators, denoised=settings.denoise)
        by_alpha = "crop_by_alpha" in settings.keep_defects
        crop = draw_crop(
            generators,
            (alpha.shape[0], alpha.shape[1]),
            lambda: (alpha if by_alpha else _trimap(alpha)) == TRANSITION,
        )
        return SamplePlan(
            *crop,
            blur_px=blur_px,
            denoise_foreground=noise_level(scene.foreground) if denoise else 0.0,
            denoise_background=noise_level(scene.background) if denoise else 0.0,
            noise_sigma=NOISE_SIGMA if noise else 0.0,
            noise_seed=int(np.random.SeedSequence((self._seed, position, 3)).generate_state(1)[0]),
        )

    def _look(self, position: int) -> Look | None:
        generator = np.random.default_rng((self._seed, position, 4))
        return draw_look(generator) if generator.random() < self._settings.video else None

    def _compose(self, scenes: list[Scene], plans: list[SamplePlan], size_px: int) -> RssnBatch:
        backs, alphas = [s.background for s in scenes], [s.alpha for s in scenes]
        fronts = [s.foreground for s in scenes]
        made: RssnBatch = self._make(fronts, backs, alphas, plans, size_px, pool=self._pool)
        photographs = [s.photograph for s in scenes if s.photograph is not None]
        if photographs:  # as they are: a photograph over itself
            twice = photographs, photographs
            plain = self._make(*twice, alphas, plans, size_px, pool=self._pool)
            made = made._replace(image=plain.image)
        return made


def _trimap(alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rows, columns = (np.arange(size, dtype=np.int32) for size in alpha.shape)
    return np.asarray(sampled_levels(np.ascontiguousarray(alpha), rows, columns)[1], np.uint8)
