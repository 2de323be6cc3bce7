"""The steps of a training sample in OpenCV and NumPy, in the published order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from streammat_kernels.augment import SamplePlan

TRIMAP_PX, ROSTA_PX = 25, 50
DENOISE_PX = 5
GUARD = 2.0**-10
STEPS = ("denoise", "blur", "composite", "noise", "regions", "crop")
Rgb = NDArray[np.uint8]
Layer = NDArray[Any]


def _ellipse(size_px: int) -> Layer:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size_px, size_px))


def denoised(picture: Rgb, sigma: float) -> Rgb:
    """Local Wiener filter from two box filters."""
    values = picture.astype(np.float32)
    box = (DENOISE_PX, DENOISE_PX)
    mean = cv2.blur(values, box)
    variance = np.maximum(cv2.blur(values * values, box) - mean * mean, 0)
    noise = np.float32(sigma * sigma)
    gain = np.maximum(variance - noise, 0) / np.maximum(variance, noise)
    return (mean + gain * (values - mean) + np.float32(0.5)).astype(np.uint8)


def blurred(picture: Rgb, size_px: int) -> Layer:
    """Box blur in float, as the published code blurs its scaled background."""
    return cv2.blur(picture.astype(np.float32), (size_px, size_px))


def composed(fg: Layer, bg: Layer, alpha: Rgb) -> Rgb:
    """a F + (1 - a) B, cut to whole levels."""
    share = (alpha.astype(np.float32) / np.float32(255))[..., None]
    return (share * fg + (1 - share) * bg + np.float32(GUARD)).astype(np.uint8)


def noisy(layers: tuple[Layer, ...], plan: SamplePlan) -> tuple[Rgb, ...]:
    """The same Gaussian noise on all, clipped."""
    random = np.random.default_rng(plan.noise_seed)
    field = random.standard_normal(layers[0].shape, np.float32) * np.float32(plan.noise_sigma)
    return tuple(np.clip(layer + field, 0, 255).astype(np.uint8) for layer in layers)


def regions(alpha: Rgb) -> tuple[Rgb, Rgb, Rgb]:
    """Trimap, dilation and erosion."""
    some, solid = (alpha != 0).astype(np.uint8), (alpha == 255).astype(np.uint8)
    core = cv2.erode(solid, _ellipse(TRIMAP_PX))
    trimap = np.where(core, 255, cv2.dilate(some, _ellipse(TRIMAP_PX)) * 128).astype(np.uint8)
    dilation = cv2.dilate(some, _ellipse(ROSTA_PX)) * np.uint8(255)
    erosion = cv2.erode(solid, _ellipse(ROSTA_PX)) * np.uint8(255)
    return trimap, np.asarray(dilation, np.uint8), np.asarray(erosion, np.uint8)


def _cut(layer: Layer, plan: SamplePlan, size_px: int) -> Rgb:
    part = layer[plan.y : plan.y + plan.side, plan.x : plan.x + plan.side]
    if plan.flip:
        part = cv2.flip(part, 1)
    part = cv2.resize(part, (size_px, size_px), interpolation=cv2.INTER_LINEAR)
    if part.dtype != np.uint8:
        part = (part + np.float32(0.5)).astype(np.uint8)
    return np.asarray(part if part.ndim == 2 else part.transpose(2, 0, 1), np.uint8)


def _layers(fg: Rgb, bg: Rgb, alpha: Rgb, plan: SamplePlan) -> tuple[Layer, Layer, Layer]:
    back: Layer = bg
    if plan.denoise_foreground > 0:
        fg, back = denoised(fg, plan.denoise_foreground), denoised(bg, plan.denoise_background)
    if plan.blur_px > 0:
        back = blurred(back, plan.blur_px)
    image = composed(fg, back, alpha)
    if plan.noise_sigma > 0:
        first, second, third = noisy((image, fg, back), plan)
        return first, second, third
    return image, fg, back


def opencv_sample(fg: Rgb, bg: Rgb, alpha: Rgb, plan: SamplePlan, size_px: int) -> tuple[Rgb, ...]:
    """Image, foreground, background, alpha, trimap, dilation, erosion; the crop comes last."""
    layers = (*_layers(fg, bg, alpha, plan), alpha, *regions(alpha))
    return tuple(_cut(layer, plan, size_px) for layer in layers)


def cropped_first(fg: Rgb, bg: Rgb, alpha: Rgb, plan: SamplePlan, size_px: int) -> tuple[Rgb, ...]:
    """The same on the crop and a margin that all filters fit in."""
    margin = max(plan.blur_px, ROSTA_PX) // 2 + DENOISE_PX
    top, left = max(plan.y - margin, 0), max(plan.x - margin, 0)
    window = (
        slice(top, plan.y + plan.side + margin),
        slice(left, plan.x + plan.side + margin),
    )
    moved = replace(plan, x=plan.x - left, y=plan.y - top)
    return opencv_sample(fg[window], bg[window], alpha[window], moved, size_px)


def opencv_step(step: str, sample: tuple[Rgb, Rgb, Rgb], plan: SamplePlan) -> None:
    """One step alone over a whole picture, whatever the plan decided."""
    fg, bg, alpha = sample
    if step == "denoise":
        denoised(fg, 6.0), denoised(bg, 6.0)
    elif step == "blur":
        blurred(bg, 40)
    elif step == "composite":
        composed(fg, bg, alpha)
    elif step == "noise":
        noisy((fg, fg, bg), plan)
    elif step == "regions":
        regions(alpha)
    else:
        for layer in (fg, fg, bg, alpha, alpha, alpha, alpha):
            _cut(layer, plan, 320)
