"""What the multi-level estimation computes, in NumPy float64: the definition for all backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour.reference import encode, linearise, to_rgb
from ..layout import Colour, PixelLayout, Transfer
from .multilevel import (
    COARSEST,
    DENSE,
    GRADIENT_WEIGHT,
    REGULARISATION,
    RELIGHT_GIVE,
    SEED,
    sweeps_for,
)

__all__ = ["estimate_foreground"]

Float = NDArray[np.float64]


def halve(image: Float) -> Float:
    """(..., h, w) to means of 2x2 samples; an odd last row or column counts twice."""
    pad = [(0, 0)] * (image.ndim - 2) + [(0, image.shape[-2] % 2), (0, image.shape[-1] % 2)]
    even = np.pad(image, pad, mode="edge")
    rows = even[..., 0::2, :] + even[..., 1::2, :]
    return (rows[..., 0::2] + rows[..., 1::2]) / 4


def double(image: Float, height: int, width: int) -> Float:
    """(3, h, w) to (3, height, width), bilinear with pixel centres at half steps."""
    for axis, size in ((1, height), (2, width)):
        position = (np.arange(size) + 0.5) / 2 - 0.5
        first = np.floor(position).astype(int)
        share = (position - first).reshape([-1 if i == axis else 1 for i in range(3)])
        last = image.shape[axis] - 1
        near = np.take(image, np.clip(first, 0, last), axis)
        image = near + share * (np.take(image, np.clip(first + 1, 0, last), axis) - near)
    return image


def shifted(image: Float) -> list[Float]:
    """The left, right, upper and lower neighbours, edges repeated."""
    padded = np.pad(image, [(0, 0)] * (image.ndim - 2) + [(1, 1), (1, 1)], mode="edge")
    return [
        padded[..., 1:-1, :-2],
        padded[..., 1:-1, 2:],
        padded[..., :-2, 1:-1],
        padded[..., 2:, 1:-1],
    ]


def relax(
    image: Float, alpha: Float, foreground: Float, background: Float, solved: NDArray[np.bool_]
) -> tuple[Float, Float]:
    """One step: F and B of the ``solved`` pixels, given their neighbours' values of before.

    Per pixel the minimum of (a F + b G - I)^2 + sum of w_n ((F - F_n)^2 + (G - G_n)^2), b = 1 - a,
    w_n = REGULARISATION + GRADIENT_WEIGHT |a - a_n|: a 2x2 system for each channel.
    """
    weights = [REGULARISATION + GRADIENT_WEIGHT * np.abs(alpha - other) for other in shifted(alpha)]
    total = sum(weights)
    a, b = alpha, 1.0 - alpha
    right_f = a * image + sum(w * f for w, f in zip(weights, shifted(foreground), strict=True))
    right_b = b * image + sum(w * g for w, g in zip(weights, shifted(background), strict=True))
    a11, a12, a22 = a * a + total, a * b, b * b + total
    determinant = total * (a * a + b * b + total)
    new_f = np.clip((a22 * right_f - a12 * right_b) / determinant, 0.0, 1.0)
    new_b = np.clip((a11 * right_b - a12 * right_f) / determinant, 0.0, 1.0)
    return np.where(solved, new_f, foreground), np.where(solved, new_b, background)


def solve_level(
    image: Float, alpha: Float, foreground: Float, background: Float, band_only: bool
) -> tuple[Float, Float]:
    """Sweeps over even, then odd rows; in the alpha band only, or everywhere."""
    solved = (alpha > 0.0) & (alpha < 1.0) if band_only else np.ones(alpha.shape, bool)
    odd = (np.arange(alpha.shape[0]) % 2 == 1)[:, None]
    for _ in range(sweeps_for(*alpha.shape)):
        for parity in (~odd, odd):
            foreground, background = relax(image, alpha, foreground, background, solved & parity)
    return foreground, background


def mean_colours(image: Float, alpha: Float) -> tuple[Float, Float]:
    """Mean colours (3,) of subject and background, weighted by the fourth power of their share."""
    means = []
    for share in (alpha, 1.0 - alpha):
        weight = share**4 + 1e-9
        means.append((image * weight).sum(axis=(1, 2)) / weight.sum())
    return means[0], means[1]


def estimate_foreground(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    *,
    linear_light: bool = False,
) -> Float:
    """(3, H, W) encoded R'G'B' 0..65535 before rounding."""
    source = to_rgb(planes, layout, colour, 1.0)
    images, alphas = [source], [alpha / 65535.0]
    while len(images) == 1 or max(alphas[-1].shape) > COARSEST:
        images.append(halve(images[-1]))
        alphas.append(halve(alphas[-1]))
    seed = next(i for i, a in enumerate(alphas) if i > 0 and max(a.shape) <= SEED)
    means = mean_colours(images[seed], alphas[seed])
    foreground, background = (
        np.broadcast_to(mean[:, None, None], images[-1].shape) for mean in means
    )
    for level in range(len(images) - 1, -1, -1):
        image, share = images[level], alphas[level]
        if level + 1 < len(images):
            foreground = double(foreground, *share.shape)
            background = double(background, *share.shape)
        if level == 0:
            foreground = np.where(share == 1.0, image, foreground)
            background = np.where(share == 0.0, image, background)
        band_only = level == 0 or max(share.shape) > DENSE
        foreground, background = solve_level(image, share, foreground, background, band_only)
    if linear_light:
        foreground = relit(source, alphas[0], foreground, background, colour.transfer)
    return foreground * 65535.0


def relit(
    image: Float, alpha: Float, foreground: Float, background: Float, transfer: Transfer
) -> Float:
    """F, moved in the band until a F + (1 - a) B is the source in linear light."""
    light = linearise(foreground, transfer)
    rest = linearise(image, transfer) - alpha * light
    rest -= (1.0 - alpha) * linearise(background, transfer)
    moved = np.clip(light + alpha / (alpha**2 + RELIGHT_GIVE) * rest, 0.0, 1.0)
    band = (alpha > 0.0) & (alpha < 1.0)
    return np.asarray(np.where(band, encode(moved, transfer), foreground))
