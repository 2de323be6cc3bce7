"""What samples show: photographs as they are, subjects on new backgrounds, drawn hair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from streammat.training import augment, backgrounds
from streammat.training.cache import Bytes, Cache, Entry, Floats, Reals
from streammat.training.fringes import with_fringe
from streammat.training.shots import Content
from streammat.training.strands import hair_object

__all__ = ["Contents", "Mix", "Named"]


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


class Named(NamedTuple):
    """A content, and the pair or cut-out that it shows."""

    content: Content
    name: str


def unit(alpha: Bytes) -> Floats:
    """uint8 0..255 -> float32 0..1."""
    return np.asarray(alpha * np.float32(1 / 255), np.float32)


class Contents:
    """Draws contents from a cache; keeps no state, so that threads may share it."""

    def __init__(self, cache: Cache, pairs: Sequence[Entry], mix: Mix) -> None:
        self._cache = cache
        self._pairs = list(pairs)
        self._cutouts = cache.of_kind("cutout")
        self._backgrounds = cache.of_kind("background")
        self._mix = mix
        weights = np.array([mix.source_weights.get(e.source, 1.0) for e in self._pairs])
        self._cumulative = np.cumsum(weights / weights.sum())

    def draw(self, rng: np.random.Generator, h: int, w: int) -> Named:
        """Of H, W pixels."""
        mix, draw = self._mix, rng.random()
        cutouts_end = mix.strands + mix.cutouts
        if draw < mix.strands:
            rgba = hair_object(rng, h, w)
            found = Named(self._over(rgba[..., :3] * 255, rgba[..., 3], rng), "drawn hair")
        elif draw < cutouts_end and self._cutouts:
            found = self._cutout(rng, h, w)
        elif cutouts_end <= draw < cutouts_end + mix.composites:
            found = self._composite(rng, h, w)
        else:
            found = self._photo(rng, h, w)
        if rng.random() < 0.5:
            found = found._replace(content=found.content.mirrored())
        return found

    def _subject(self, rng: np.random.Generator) -> tuple[Bytes, str]:
        """A pair and its name; in some the picture ends within the subject."""
        choice = int(np.searchsorted(self._cumulative, rng.random()))
        pair = self._pairs[min(choice, len(self._pairs) - 1)]
        pixels = self._cache.pixels(pair)
        if self._mix.cut_off and rng.random() < self._mix.cut_off:
            pixels = augment.cut_off(pixels, rng)
        return pixels, pair.name

    def _photo(self, rng: np.random.Generator, h: int, w: int) -> Named:
        pixels, name = self._subject(rng)
        pixels = pixels[..., :4]
        if rng.random() < 0.15:
            pixels = augment.rotate(pixels, rng.uniform(-15, 15), cv2.BORDER_REFLECT_101)
        whole = rng.random() < self._mix.whole_subject
        window = augment.choose_window(pixels[..., 3], h, w, whole, rng)
        border = cv2.BORDER_REPLICATE if rng.random() < 0.75 else cv2.BORDER_REFLECT_101
        out = augment.cut(pixels, window, h, w, border)
        return Named(Content(out[..., :3].astype(np.float32), unit(out[..., 3])), name)

    def _composite(self, rng: np.random.Generator, h: int, w: int) -> Named:
        pixels, name = self._subject(rng)
        whole = rng.random() < self._mix.whole_subject
        window = augment.choose_window(pixels[..., 3], h, w, whole, rng)
        alpha = augment.cut(pixels[..., 3], window, h, w, cv2.BORDER_REPLICATE)
        fg = augment.cut(pixels[..., 4:7], window, h, w, cv2.BORDER_REPLICATE)
        a = unit(alpha)
        return Named(self._over(*self._fringed(fg * a[..., None], a, rng), rng), name)

    def _fringed(
        self, premultiplied: Reals, alpha: Floats, rng: np.random.Generator
    ) -> tuple[Reals, Floats]:
        if self._mix.fringes and rng.random() < self._mix.fringes:
            return with_fringe(premultiplied, alpha, rng)
        return premultiplied, alpha

    def _cutout(self, rng: np.random.Generator, h: int, w: int) -> Named:
        cutout = self._cutouts[int(rng.integers(len(self._cutouts)))]
        pixels = self._cache.pixels(cutout)
        ch, cw = pixels.shape[:2]
        scale = rng.uniform(0.6, 1.0) * min(h / ch, w / cw)
        sh, sw = max(round(ch * scale), 1), max(round(cw * scale), 1)
        layer = pixels.astype(np.float32)
        layer[..., :3] *= unit(pixels[..., 3:])  # before it is scaled: hidden colours stay hidden
        canvas = np.zeros((h, w, 4), np.float32)
        x, y = int(rng.integers(0, w - sw + 1)), h - sh
        canvas[y:, x : x + sw] = cv2.resize(layer, (sw, sh), interpolation=cv2.INTER_AREA)
        alpha = np.minimum(canvas[..., 3] * np.float32(1 / 255), 1)
        over = self._over(*self._fringed(canvas[..., :3], alpha, rng), rng)
        return Named(over, cutout.name)

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
