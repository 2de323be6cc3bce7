"""A sample's decoded layers: foreground and background, published or estimated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.datasets.reading import Layers
from streammat_kernels.foreground import estimate_foreground
from streammat_kernels.layout import Colour, Family, PixelLayout

__all__ = ["NOISE_LEVELS", "Scene", "foreground_of", "noise_level", "photograph_scene"]

Rgb = NDArray[np.uint8]  # (H, W, 3)
NOISE_LEVELS = (1.0, 15.0)  # of 255: what an estimate is kept within
_NOISE_WINDOW_PX = 512
_LAYOUT = PixelLayout(Family.RGB, 1, 1)
_COLOUR = Colour(full_range=True)


class Scene(NamedTuple):
    """What a training sample is made of; the photograph is None where it is composed."""

    photograph: Rgb | None
    foreground: Rgb
    background: Rgb
    alpha: NDArray[np.uint8]  # (H, W)


def foreground_of(layers: Layers, kind: str) -> Rgb:
    """Published colours, those of a cut-out, or of a photograph the estimated ones."""
    if layers.foreground is not None:
        return layers.foreground
    if kind != "photo":
        return layers.picture
    planes = tuple(np.ascontiguousarray(layers.picture[..., c]) for c in range(3))
    codes = layers.alpha.astype(np.uint16) * 257
    colours = estimate_foreground(planes, _LAYOUT, _COLOUR, codes)
    return np.ascontiguousarray((colours >> 8).astype(np.uint8).transpose(1, 2, 0))


def photograph_scene(layers: Layers, kind: str) -> Scene:
    """A photograph with both of its layers, so that ``a F + (1 - a) B`` gives it back."""
    fg = foreground_of(layers, kind)
    bg = layers.background
    if bg is None:
        share = layers.alpha[..., None] / np.float32(255)
        rest = (layers.picture - share * fg) / np.maximum(1 - share, np.float32(1 / 255))
        seen = np.clip(rest + np.float32(0.5), 0, 255).astype(np.uint8)
        bg = np.where(layers.alpha[..., None] == 255, layers.picture, seen)
    return Scene(layers.picture, fg, bg, layers.alpha)


def noise_level(rgb: Rgb) -> float:
    """Standard deviation of a picture's noise, levels of 0..255, from its middle.

    Source: Immerkaer, "Fast Noise Variance Estimation", CVIU 1996. Fine texture counts as noise, so
    the result is kept within `NOISE_LEVELS`; 0 for pictures under 3 px.
    """
    H, W = rgb.shape[:2]
    if min(H, W) < 3:
        return 0.0
    top, left = max(0, (H - _NOISE_WINDOW_PX) // 2), max(0, (W - _NOISE_WINDOW_PX) // 2)
    window = rgb[top : top + _NOISE_WINDOW_PX, left : left + _NOISE_WINDOW_PX]
    grey = window.astype(np.int32).sum(2)
    down = grey[:-2] - 2 * grey[1:-1] + grey[2:]
    both = down[:, :-2] - 2 * down[:, 1:-1] + down[:, 2:]
    # the sum of three channels of independent noise is sqrt(3) times as noisy as one
    sigma = float(np.abs(both).mean()) * np.sqrt(np.pi / 2) / 6 / np.sqrt(3)
    return float(np.clip(sigma, *NOISE_LEVELS))
