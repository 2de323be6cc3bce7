"""Augmentation of one sample with NumPy and OpenCV; image and alpha always move together.

Images are (H, W, 3) float32 RGB 0..255, alphas (H, W) float32 0..1.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from streammat.training.cache import Bytes, Floats

SMALLEST_PX = 128  # of a picture's sides after a part was cut off


class Window(NamedTuple):
    """A crop of the source in pixels, which may reach beyond it."""

    x: int
    y: int
    width: int
    height: int


def subject_box(alpha: Bytes) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of alpha > 25; the whole image if there is none."""
    mask = alpha > 25
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0, 0, alpha.shape[1], alpha.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def choose_window(
    alpha: Bytes, height_px: int, width_px: int, whole: bool, rng: np.random.Generator
) -> Window:
    """A window of the target's aspect: around the whole subject, or a closer crop on it."""
    h, w = alpha.shape
    aspect = width_px / height_px
    x0, y0, x1, y1 = subject_box(alpha)
    fit = max(x1 - x0, (y1 - y0) * aspect)  # width that shows the whole subject
    cover = min(w, h * aspect)  # widest window that stays inside the picture
    if whole:
        width = max(fit * rng.uniform(1.0, 1.25), cover * rng.uniform(0.85, 1.05))
        width = min(width, max(w, h * aspect))
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    else:
        width = max(cover * rng.uniform(0.45, 0.9), 96.0)
        cx, cy = rng.uniform(x0, x1), rng.uniform(y0, y1)
    height = width / aspect
    jitter = 0.5 * max(width - fit, 0.1 * width) if whole else 0.0
    left = cx - width / 2 + rng.uniform(-jitter, jitter)
    top = cy - height / 2 + rng.uniform(-0.5, 0.5) * abs(height - (y1 - y0))
    left = np.clip(left, 0, w - width) if width <= w else (w - width) / 2
    top = np.clip(top, 0, h - height) if height <= h else (h - height) / 2
    return Window(round(left), round(top), max(round(width), 8), max(round(height), 8))


def cut_off(pixels: Bytes, rng: np.random.Generator) -> Bytes:
    """The part of a picture (H, W, channels; the fourth is the alpha) that is left when its edge
    cuts 10 to 40 % of the subject off: the head more often than a side. Small pictures stay."""
    x0, y0, x1, y1 = subject_box(pixels[..., 3])
    share, side = rng.uniform(0.1, 0.4), rng.random()
    if side < 0.6:
        left = pixels[y0 + round(share * (y1 - y0)) :]
    elif side < 0.8:
        left = pixels[:, x0 + round(share * (x1 - x0)) :]
    else:
        left = pixels[:, : x1 - round(share * (x1 - x0))]
    return left if min(left.shape[:2]) >= SMALLEST_PX else pixels


def cut(image: Bytes, window: Window, height_px: int, width_px: int, border: int) -> Bytes:
    """Cut the window out (beyond the picture: OpenCV `border`) and scale it to the target size."""
    h, w = image.shape[:2]
    x, y, cw, ch = window
    pad = (max(-y, 0), max(y + ch - h, 0), max(-x, 0), max(x + cw - w, 0))
    inner = image[max(y, 0) : y + ch, max(x, 0) : x + cw]
    if any(pad):
        inner = np.asarray(cv2.copyMakeBorder(inner, *pad, border), np.uint8)
    shrink = cw > width_px
    mode = cv2.INTER_AREA if shrink else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(inner, (width_px, height_px), interpolation=mode), np.uint8)


def rotate(image: Bytes, degrees: float, border: int) -> Bytes:
    """Rotate about the centre, size kept."""
    h, w = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1.0)
    rotated = cv2.warpAffine(image, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(rotated, np.uint8)


def _tone(image: Floats, rng: np.random.Generator) -> Floats:
    """Exposure, contrast, gamma, saturation, white balance."""
    image = image * np.float32(rng.uniform(0.7, 1.3))
    if rng.random() < 0.5:
        image = (image - 127) * np.float32(rng.uniform(0.75, 1.25)) + 127
    if rng.random() < 0.3:
        gamma = rng.uniform(0.6, 1.6)
        unit = np.clip(image, 0, 255) * np.float32(1 / 255)
        image = np.asarray(unit**gamma * 255, np.float32)
    if rng.random() < 0.5:
        grey = image.mean(2, keepdims=True)
        image = grey + (image - grey) * np.float32(rng.uniform(0.4, 1.5))
    if rng.random() < 0.4:
        image = image * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    return image


def _blur(image: Floats, rng: np.random.Generator) -> Floats:
    kind = rng.random()
    if kind < 0.4:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), np.float32)
    if kind < 0.7:  # a low-resolution source, enlarged
        h, w = image.shape[:2]
        scale = rng.uniform(0.4, 0.8)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.asarray(cv2.resize(small, (w, h)), np.float32)
    length = int(rng.integers(3, 9))  # motion
    kernel = np.zeros((length, length), np.float32)
    if rng.random() < 0.5:
        kernel[length // 2] = 1 / length
    else:
        kernel[:, length // 2] = 1 / length
    return np.asarray(cv2.filter2D(image, -1, kernel), np.float32)


def _blur_patch(image: Floats, rng: np.random.Generator) -> Floats:
    """Blur a rectangle: in real pictures parts of a subject are out of focus or made unreadable."""
    h, w = image.shape[:2]
    ph, pw = int(h * rng.uniform(0.1, 0.4)), int(w * rng.uniform(0.1, 0.4))
    y, x = int(rng.integers(0, h - ph)), int(rng.integers(0, w - pw))
    patch = image[y : y + ph, x : x + pw]
    image = image.copy()
    image[y : y + ph, x : x + pw] = cv2.GaussianBlur(patch, (0, 0), rng.uniform(2, 10))
    return image


def _jpeg(image: Floats, rng: np.random.Generator) -> Floats:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
    codes = np.clip(image, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(codes[..., ::-1]), quality)  # takes BGR
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.float32)[..., ::-1]


def photometric(
    image: Floats, rng: np.random.Generator, own: np.random.Generator | None = None
) -> Floats:
    """What cameras and codecs do; the alpha stays valid. Returns (H, W, 3) float32, 0..255.

    Noise and compression are drawn from `own`, where two frames share the camera's `rng`.
    """
    if rng.random() < 0.8:
        image = _tone(image, rng)
    if rng.random() < 0.08:
        image = np.repeat(image.mean(2, keepdims=True), 3, axis=2)
    if rng.random() < 0.2:
        image = _blur(image, rng)
    if rng.random() < 0.1:
        image = _blur_patch(image, rng)
    own = own or rng
    if own.random() < 0.3:
        noise = own.standard_normal(image.shape, np.float32)
        image = image + noise * np.float32(own.uniform(1, 12))
    if own.random() < 0.25:
        image = _jpeg(image, own)
    return np.clip(image, 0, 255).astype(np.float32)
