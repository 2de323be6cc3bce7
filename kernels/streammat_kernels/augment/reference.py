"""The definition of a training sample: everything over the whole picture, the crop last."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..regions.reference import region_maps
from ..taps import Taps, area
from .noise import LEVEL_BITS, hashed, noise_levels
from .plan import LineTaps, SamplePlan, line_taps

__all__ = [
    "DENOISE_WINDOW_PX",
    "GUARD",
    "SampleMaps",
    "box_blur",
    "denoise",
    "fit_background",
    "noise_field",
    "rssn_sample",
]

DENOISE_WINDOW_PX = 5
GUARD = 2.0**-10  # of a level: keeps 99.9999 from becoming 99 where both layers are 100
Levels = NDArray[np.float64]


class SampleMaps(NamedTuple):
    """A sample before its last rounding, 0..255: colours (3, s, s), the rest (s, s)."""

    image: Levels
    foreground: Levels
    background: Levels
    alpha: Levels
    trimap: Levels
    dilation: Levels
    erosion: Levels


def rssn_sample(
    foreground: NDArray[np.uint8],
    background: NDArray[np.uint8],
    alpha: NDArray[np.uint8],
    plan: SamplePlan,
    size_px: int,
    kernels_px: tuple[int, int],
) -> SampleMaps:
    """One sample; arguments as of `rssn_batch`."""
    fg = foreground.astype(np.float64)
    bg = np.rint(fit_background(background, alpha.shape))
    if plan.denoise_foreground > 0:
        fg = np.floor(denoise(fg, plan.denoise_foreground) + 0.5)
    if plan.denoise_background > 0:
        bg = np.floor(denoise(bg, plan.denoise_background) + 0.5)
    if plan.blur_px > 0:
        bg = box_blur(bg, plan.blur_px)
    share = alpha[..., None] / 255.0
    image = np.floor(share * fg + (1 - share) * bg + GUARD)
    if plan.noise_sigma > 0:
        noise = plan.noise_sigma * noise_field(alpha.shape, plan.noise_seed)
        image, fg, bg = (
            np.floor(np.clip(layer + noise, 0, 255) + GUARD) for layer in (image, fg, bg)
        )
    colours = (_crop(layer, plan, size_px).transpose(2, 0, 1) for layer in (image, fg, bg))
    grey = (_crop(layer, plan, size_px) for layer in (alpha, *region_maps(alpha, kernels_px)))
    return SampleMaps(*colours, *grey)


def fit_background(background: NDArray[np.uint8], size: tuple[int, ...]) -> Levels:
    """The background at H x W: area filter where it shrinks, linear where it grows."""
    rows = _apply(area(background.shape[0], size[0]), background.astype(np.float64))
    columns = _apply(area(background.shape[1], size[1]), rows.transpose(1, 0, 2))
    return columns.transpose(1, 0, 2)


def _apply(taps: Taps, values: Levels) -> Levels:
    index = taps.start[:, None] + np.arange(taps.weights.shape[1])
    weights = taps.weights.astype(np.float64)
    return np.asarray(np.einsum("nk,nkwc->nwc", weights, values[index]), np.float64)


def denoise(picture: Levels, sigma: float) -> Levels:
    """Local Wiener filter, 5 x 5, a channel at a time (Lee 1980): flat areas become their mean,
    detail stronger than ``sigma`` stays."""
    padded = (
        _window_sums(picture, DENOISE_WINDOW_PX),
        _window_sums(picture * picture, DENOISE_WINDOW_PX),
    )
    count = DENOISE_WINDOW_PX**2
    mean = padded[0] / count
    variance = np.maximum(padded[1] / count - mean * mean, 0)
    noise = sigma * sigma
    gain = np.maximum(variance - noise, 0) / np.maximum(variance, noise)
    return np.asarray(mean + gain * (picture - mean), np.float64)


def box_blur(picture: Levels, size_px: int) -> Levels:
    """Mean over size x size pixels, of which size // 2 are above and left; borders mirrored."""
    return _window_sums(picture, size_px) / (size_px * size_px)


def _window_sums(picture: Levels, size_px: int) -> Levels:
    before = size_px // 2
    after = size_px - 1 - before
    padded = picture
    for axis in (0, 1):
        index = mirrored(np.arange(-before, picture.shape[axis] + after), picture.shape[axis])
        padded = padded.take(index, axis)
        total = np.cumsum(padded, axis)
        total = np.insert(total, 0, 0, axis)
        stop = np.arange(size_px, total.shape[axis])
        padded = total.take(stop, axis) - total.take(stop - size_px, axis)
    return padded


def mirrored(index: NDArray[Any], length: int) -> NDArray[Any]:
    """Positions reflected at the border samples (not repeated) until they lie in 0..length-1."""
    if length == 1:
        return np.zeros_like(index)
    period = 2 * (length - 1)
    wrapped = np.mod(index, period)
    return np.asarray(np.minimum(wrapped, period - wrapped))


def noise_field(size: tuple[int, ...], seed: int) -> Levels:
    """(H, W, 3) noise of variance 1."""
    counter = np.arange(size[0] * size[1] * 3, dtype=np.uint32).reshape(size[0], size[1], 3)
    level = hashed(counter, seed) >> np.uint32(32 - LEVEL_BITS)
    return np.asarray(noise_levels()[level], np.float64)


def _crop(layer: NDArray[Any], plan: SamplePlan, size_px: int) -> Levels:
    rows = line_taps(plan.y, plan.side, size_px, False)
    columns = line_taps(plan.x, plan.side, size_px, plan.flip)
    across = _between(layer.astype(np.float64), rows, 0)
    return _between(across, columns, 1)


def _between(values: Levels, taps: LineTaps, axis: int) -> Levels:
    shape = [1] * values.ndim
    shape[axis] = -1
    weight = taps.weight.astype(np.float64).reshape(shape)
    return values.take(taps.first, axis) * (1 - weight) + values.take(taps.second, axis) * weight
