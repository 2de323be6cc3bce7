"""Batches from decoded pictures: contents as a camera sees them, single or two frames of a shot.

A sample is a pure function of (seed, step, place in the batch), so a resumed run continues with the
same samples, and so do several processes that share a batch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import torch

from streammat.training import augment, shots
from streammat.training.batch import Batch
from streammat.training.cache import Cache, Entry, Floats, Reals
from streammat.training.contents import Contents, Mix
from streammat.training.shots import MARGIN_PX, Motion
from streammat.training.video import draw_look, filmed

_IS_PAIR, _MOTION, _CAMERA, _FILM, _OWN = range(1, 6)  # draws of pairs beside the content's


class _Key(NamedTuple):
    """Of a batch, or a part of one."""

    step: int
    first: int
    samples: int
    height_px: int
    width_px: int


def clip_of(name: str) -> str:
    """The clip or group a pair belongs to: its name without the last number."""
    return re.sub(r"_?\d+$", "", name) if name.startswith("vid_") else name


def is_held_out(name: str, prefixes: Sequence[str], share: float) -> bool:
    """Whole clips are held out: those with a named prefix, and a fixed random share of the rest."""
    if name.startswith(tuple(prefixes)):
        return True
    digest = hashlib.sha256(clip_of(name).encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def split(
    entries: Sequence[Entry], prefixes: Sequence[str], share: float
) -> tuple[list[Entry], list[Entry]]:
    """Training and held-out pairs."""
    held = [is_held_out(e.name, prefixes, share) for e in entries]
    train = [e for e, out in zip(entries, held, strict=True) if not out]
    return train, [e for e, out in zip(entries, held, strict=True) if out]


class _Sample(NamedTuple):
    image: Floats
    alpha: Floats
    name: str


class Sampler:
    """Draws samples and batches from a cache; see `streammat.training.batch.BatchSource`.

    Args:
        cache: of the pictures.
        pairs: those that are trained on.
        mix: of the samples.
        seed: of everything that is drawn.
        threads: that draw, also ahead while the caller works.
    """

    def __init__(
        self, cache: Cache, pairs: Sequence[Entry], mix: Mix, seed: int, threads: int = 1
    ) -> None:
        self._cache = cache
        self._contents = Contents(cache, pairs, mix)
        self._mix = mix
        self._seed = seed
        self.samples = len(pairs)
        self._pool = ThreadPoolExecutor(threads, "streammat-samples")
        self._ahead: tuple[_Key, list[Future[list[_Sample]]]] | None = None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the cache's index and pixels."""
        return self._cache.fingerprint

    def batch(self, step: int, first: int, count: int, height_px: int, width_px: int) -> Batch:
        """Samples `first` to `first + count - 1` of batch number `step`.

        The two frames of a pair stand at an even place and the one behind it. Where `first` is odd,
        or the last place even, a pair may be cut: its frame is here, and the pair is not named.
        """
        key = _Key(step, first, count, height_px, width_px)
        known = self._ahead is not None and self._ahead[0] == key
        jobs = self._ahead[1] if self._ahead is not None and known else self._submit(key)
        self._ahead = None
        drawn = [sample for job in jobs for sample in job.result()]
        rgb = np.stack([sample.image.transpose(2, 0, 1) for sample in drawn])
        alpha = np.stack([sample.alpha[None] for sample in drawn])
        names = tuple(sample.name for sample in drawn)
        batch = Batch(torch.from_numpy(rgb), torch.from_numpy(alpha), names)
        if not self._mix.pairs:
            return batch
        places = range(first, first + count)
        whole = [p for p in places[:-1] if p % 2 == 0 and self._is_pair(step, p)]
        return batch._replace(
            pairs=torch.tensor([p - first for p in whole], dtype=torch.int64),
            motion=self._motions(step, whole, height_px, width_px),
        )

    def ahead(self, step: int, first: int, count: int, height_px: int, width_px: int) -> None:
        """Begin with a batch that may be asked for next."""
        key = _Key(step, first, count, height_px, width_px)
        self._ahead = key, self._submit(key)

    def _submit(self, key: _Key) -> list[Future[list[_Sample]]]:
        """One job a pair of frames, or sample; in the order of their places."""
        places = range(key.first, key.first + key.samples)
        jobs = []
        for first in dict.fromkeys(place - place % 2 for place in places):
            asked = [place for place in (first, first + 1) if place in places]
            if self._mix.pairs and self._is_pair(key.step, first):  # recipes without draw as before
                jobs.append(self._pool.submit(self._frames, key, first, asked))
            else:
                jobs += [self._pool.submit(self._single, key, place) for place in asked]
        return jobs

    def _motions(self, step: int, places: Sequence[int], h: int, w: int) -> torch.Tensor:
        """(P, 2, 3): of the subjects of pairs, see `Batch`."""
        found = [shots.sampling_matrix(self._moves(step, p, h, w)[0], h, w) for p in places]
        return torch.from_numpy(np.stack(found)) if found else torch.zeros(0, 2, 3)

    def _generator(self, *key: int) -> np.random.Generator:
        return np.random.default_rng((self._seed, *key))

    def _is_pair(self, step: int, first: int) -> bool:
        return bool(self._generator(step, first, _IS_PAIR).random() < self._mix.pairs)

    def _moves(self, step: int, first: int, h: int, w: int) -> tuple[Motion, Motion]:
        return shots.draw_motion(self._generator(step, first, _MOTION), h, w)

    def _single(self, key: _Key, place: int) -> list[_Sample]:
        """The sample at a place of a batch."""
        rng = self._generator(key.step, place)
        content, name = self._contents.draw(rng, key.height_px, key.width_px)
        image, alpha = augment.photometric(content.picture(), rng), _smooth(content.alpha)
        if self._mix.video and rng.random() < self._mix.video:
            image, alpha = filmed(image, alpha, draw_look(rng))
        return [_Sample(image, _smooth(alpha), name)]

    def _frames(self, key: _Key, first: int, places: Sequence[int]) -> list[_Sample]:
        """Frames of a pair: camera and content are the shot's, noise and compression their own."""
        step, h, w = key.step, key.height_px, key.width_px
        rng = self._generator(step, first)
        content, name = self._contents.draw(rng, h + 2 * MARGIN_PX, w + 2 * MARGIN_PX)
        in_film = rng.random() < self._mix.video
        subject, background = self._moves(step, first, h, w)
        found = []
        for place in places:
            later = place != first
            seen = shots.second_frame(content, subject, background) if later else content.inner()
            camera, own = self._generator(step, first, _CAMERA), self._generator(step, place, _OWN)
            image = augment.photometric(seen.picture(), camera, own)
            alpha = _smooth(seen.alpha)
            if in_film:
                look = draw_look(self._generator(step, first, _FILM), own)
                image, alpha = filmed(image, alpha, look)
            found.append(_Sample(image, _smooth(alpha), name))
        return found


def _smooth(alpha: Reals) -> Floats:
    """In one piece, float32."""
    return np.ascontiguousarray(alpha, dtype=np.float32)
