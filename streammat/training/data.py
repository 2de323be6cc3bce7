"""Samples and batches: photographs as they are, subjects on new backgrounds, drawn hair.

A sample is a pure function of (seed, step, place in the batch), so a resumed run continues with the
same samples, and so do several processes that share a batch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch

from streammat.training import augment, backgrounds, shots
from streammat.training.batch import Batch
from streammat.training.cache import Bytes, Cache, Entry, Floats, Reals
from streammat.training.fringes import with_fringe
from streammat.training.shots import MARGIN_PX, Content, Motion
from streammat.training.strands import hair_object
from streammat.training.video import draw_look, filmed

_IS_PAIR, _MOTION, _CAMERA, _FILM, _OWN = range(1, 6)  # draws of pairs beside the content's


class Mix(NamedTuple):
    """How often each kind of sample is drawn; the rest are photographs as they are."""

    strands: float
    cutouts: float
    composites: float
    whole_subject: float
    source_weights: dict[str, float]
    video: float = 0.0  # share that is made to look like a frame of a clip
    cut_off: float = 0.0  # share of pictures whose edge cuts the subject, mostly its head
    alike: float = 0.0  # share of new backgrounds in the colours of a part of the subject
    printed: float = 0.0  # share of new backgrounds with signs and lettering
    fringes: float = 0.0  # share of subjects on new backgrounds with hair drawn onto their outline
    pairs: float = 0.0  # share of samples that come as two frames of one shot, see `shots`


class _Shot(NamedTuple):
    """What both frames of a pair have in common."""

    key: tuple[int, ...]  # step, place of the first frame, height, width
    content: Content
    name: str
    filmed: bool
    subject: Motion
    background: Motion


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


def unit(alpha: Bytes) -> Floats:
    """uint8 0..255 -> float32 0..1."""
    return np.asarray(alpha * np.float32(1 / 255), np.float32)


class Sampler:
    """Draws samples and batches from a cache."""

    def __init__(self, cache: Cache, pairs: Sequence[Entry], mix: Mix, seed: int) -> None:
        self._cache = cache
        self._pairs = list(pairs)
        self._cutouts = cache.of_kind("cutout")
        self._backgrounds = cache.of_kind("background")
        self._mix = mix
        self._seed = seed
        self._name = ""  # of the sample that is being drawn
        self._shot: _Shot | None = None  # of the last pair
        weights = np.array([mix.source_weights.get(e.source, 1.0) for e in self._pairs])
        self._cumulative = np.cumsum(weights / weights.sum())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the cache's index and pixels."""
        return self._cache.fingerprint

    @property
    def samples(self) -> int:
        """Pairs that are trained on."""
        return len(self._pairs)

    def batch(self, step: int, first: int, count: int, height_px: int, width_px: int) -> Batch:
        """Samples `first` to `first + count - 1` of batch number `step`.

        The two frames of a pair stand at an even place and the one behind it. Where `first` is odd,
        or the last place even, a pair may be cut: its frame is here, and the pair is not named.
        """
        places = range(first, first + count)
        drawn = [self._at(step, place, height_px, width_px) for place in places]
        rgb = np.stack([image.transpose(2, 0, 1) for image, _, _ in drawn])
        alpha = np.stack([alpha[None] for _, alpha, _ in drawn])
        names = tuple(name for _, _, name in drawn)
        batch = Batch(torch.from_numpy(rgb), torch.from_numpy(alpha), names)
        if not self._mix.pairs:
            return batch
        whole = [p for p in places[:-1] if p % 2 == 0 and self._is_pair(step, p)]
        return batch._replace(
            pairs=torch.tensor([p - first for p in whole], dtype=torch.int64),
            motion=self._motions(step, whole, height_px, width_px),
        )

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

    def _at(self, step: int, place: int, h: int, w: int) -> tuple[Floats, Floats, str]:
        """Image, alpha and name of the sample at a place of a batch."""
        first = place - place % 2
        if self._mix.pairs and self._is_pair(step, first):  # recipes without draw as before
            return self._frame(step, first, place, h, w)
        self._name = ""
        rng = self._generator(step, place)
        content = self._content(rng, h, w)
        image, alpha = augment.photometric(content.picture(), rng), content.alpha
        if self._mix.video and rng.random() < self._mix.video:
            smooth = np.ascontiguousarray(alpha, dtype=np.float32)
            image, alpha = filmed(image, smooth, draw_look(rng))
        return image, np.ascontiguousarray(alpha, dtype=np.float32), self._name

    def _frame(
        self, step: int, first: int, place: int, h: int, w: int
    ) -> tuple[Floats, Floats, str]:
        """One frame of a pair: camera and content are the shot's, noise and compression its own."""
        shot = self._shot_at(step, first, h, w)
        if place == first:
            content = shot.content.inner()
        else:
            content = shots.second_frame(shot.content, shot.subject, shot.background)
        camera, own = self._generator(step, first, _CAMERA), self._generator(step, place, _OWN)
        image, alpha = augment.photometric(content.picture(), camera, own), content.alpha
        if shot.filmed:
            alpha = np.ascontiguousarray(alpha, dtype=np.float32)
            look = draw_look(self._generator(step, first, _FILM), own)
            image, alpha = filmed(image, alpha, look)
        return image, np.ascontiguousarray(alpha, dtype=np.float32), shot.name

    def _shot_at(self, step: int, first: int, h: int, w: int) -> _Shot:
        """The shot of a pair; the last one is kept for its second frame."""
        key = (step, first, h, w)
        if self._shot is None or self._shot.key != key:
            self._name = ""
            rng = self._generator(step, first)
            content = self._content(rng, h + 2 * MARGIN_PX, w + 2 * MARGIN_PX)
            in_film = bool(rng.random() < self._mix.video)
            self._shot = _Shot(key, content, self._name, in_film, *self._moves(*key))
        return self._shot

    def _content(self, rng: np.random.Generator, h: int, w: int) -> Content:
        mix, draw = self._mix, rng.random()
        cutouts_end = mix.strands + mix.cutouts
        if draw < mix.strands:
            self._name = "drawn hair"
            rgba = hair_object(rng, h, w)
            content = self._over(rgba[..., :3] * 255, rgba[..., 3], rng)
        elif draw < cutouts_end and self._cutouts:
            content = self._cutout(rng, h, w)
        elif cutouts_end <= draw < cutouts_end + mix.composites:
            content = self._composite(rng, h, w)
        else:
            content = self._photo(rng, h, w)
        return content.mirrored() if rng.random() < 0.5 else content

    def _pair(self, rng: np.random.Generator) -> Bytes:
        choice = int(np.searchsorted(self._cumulative, rng.random()))
        return self._pixels(self._pairs[min(choice, len(self._pairs) - 1)])

    def _pixels(self, entry: Entry) -> Bytes:
        self._name = entry.name
        return self._cache.pixels(entry)

    def _subject(self, rng: np.random.Generator) -> Bytes:
        """A pair; in some the picture ends within the subject."""
        pixels = self._pair(rng)
        if self._mix.cut_off and rng.random() < self._mix.cut_off:
            pixels = augment.cut_off(pixels, rng)
        return pixels

    def _photo(self, rng: np.random.Generator, h: int, w: int) -> Content:
        pixels = self._subject(rng)[..., :4]
        if rng.random() < 0.15:
            pixels = augment.rotate(pixels, rng.uniform(-15, 15), cv2.BORDER_REFLECT_101)
        whole = rng.random() < self._mix.whole_subject
        window = augment.choose_window(pixels[..., 3], h, w, whole, rng)
        border = cv2.BORDER_REPLICATE if rng.random() < 0.75 else cv2.BORDER_REFLECT_101
        out = augment.cut(pixels, window, h, w, border)
        return Content(out[..., :3].astype(np.float32), unit(out[..., 3]))

    def _composite(self, rng: np.random.Generator, h: int, w: int) -> Content:
        pixels = self._subject(rng)
        whole = rng.random() < self._mix.whole_subject
        window = augment.choose_window(pixels[..., 3], h, w, whole, rng)
        alpha = augment.cut(pixels[..., 3], window, h, w, cv2.BORDER_REPLICATE)
        fg = augment.cut(pixels[..., 4:7], window, h, w, cv2.BORDER_REPLICATE)
        a = unit(alpha)
        return self._over(*self._fringed(fg * a[..., None], a, rng), rng)

    def _fringed(
        self, premultiplied: Reals, alpha: Floats, rng: np.random.Generator
    ) -> tuple[Reals, Floats]:
        if self._mix.fringes and rng.random() < self._mix.fringes:
            return with_fringe(premultiplied, alpha, rng)
        return premultiplied, alpha

    def _cutout(self, rng: np.random.Generator, h: int, w: int) -> Content:
        pixels = self._pixels(self._cutouts[int(rng.integers(len(self._cutouts)))])
        ch, cw = pixels.shape[:2]
        scale = rng.uniform(0.6, 1.0) * min(h / ch, w / cw)
        sh, sw = max(round(ch * scale), 1), max(round(cw * scale), 1)
        layer = pixels.astype(np.float32)
        layer[..., :3] *= unit(pixels[..., 3:])  # before it is scaled: hidden colours stay hidden
        canvas = np.zeros((h, w, 4), np.float32)
        x, y = int(rng.integers(0, w - sw + 1)), h - sh
        canvas[y:, x : x + sw] = cv2.resize(layer, (sw, sh), interpolation=cv2.INTER_AREA)
        alpha = np.minimum(canvas[..., 3] * np.float32(1 / 255), 1)
        return self._over(*self._fringed(canvas[..., :3], alpha, rng), rng)

    def _background(self, rng: np.random.Generator, h: int, w: int) -> Floats:
        draw = rng.random()
        if draw < 0.15 or not self._backgrounds:
            corners = rng.uniform(0, 255, (2, 2, 3)).astype(np.float32)
            if rng.random() < 0.5:
                corners[:] = corners[0, 0]
            return np.asarray(cv2.resize(corners, (w, h)), np.float32)
        pixels = self._cache.pixels(self._backgrounds[int(rng.integers(len(self._backgrounds)))])
        bh, bw = pixels.shape[:2]
        width = min(bw, bh * w / h) * rng.uniform(0.5, 1.0)
        cw, ch = max(int(width), 1), max(int(width * h / w), 1)
        x, y = int(rng.integers(0, bw - cw + 1)), int(rng.integers(0, bh - ch + 1))
        image = augment.cut(pixels, augment.Window(x, y, cw, ch), h, w, cv2.BORDER_REFLECT_101)
        return image.astype(np.float32)

    def _over(self, premultiplied: Reals, alpha: Floats, rng: np.random.Generator) -> Content:
        """Before a random background, blurred half of the time (RSSN, Li et al. 2021)."""
        h, w = alpha.shape
        bg, mix = self._background(rng, h, w), self._mix
        if mix.printed and rng.random() < mix.printed:
            bg = backgrounds.printed(bg, rng)
        if mix.alike and rng.random() < mix.alike:
            bg = backgrounds.alike(bg, premultiplied, alpha, rng)
        if rng.random() < 0.5:
            bg = np.asarray(cv2.blur(bg, (k := int(rng.integers(2, 20)), k)), np.float32)
        return Content(premultiplied * np.float32(rng.uniform(0.75, 1.2)), alpha, bg)
