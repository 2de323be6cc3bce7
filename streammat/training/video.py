"""What a frame of a clip has that a photograph has not: motion, flicker, compression.

A frame here is one of a moving shot: it is smeared along its motion, its brightness wavers, and it
went through H.264 after the frame before it, so that it carries the residue of prediction. Image
and alpha move together. Images are (H, W, 3) float32 RGB 0..255, alphas (H, W) float32 0..1.
"""

from __future__ import annotations

import cv2
import numpy as np

from streammat.media.recompress import through_h264
from streammat.training.cache import Floats

__all__ = ["compressed", "filmed", "flickered", "smeared"]

MOST_MOTION_PX = 12.0
CRF = (22, 38)
FLICKER = 0.06  # of the brightness
BANDS = (0.5, 4.0)  # of mains flicker on a rolling shutter, over the picture's height


def filmed(
    image: Floats,
    alpha: Floats,
    rng: np.random.Generator,
    own: np.random.Generator | None = None,
) -> tuple[Floats, Floats]:
    """Each effect more often than not; the alpha is that of the smeared frame.

    Flicker and compression are drawn from `own`, where two frames share the motion of `rng`.
    """
    angle, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0, MOST_MOTION_PX)
    motion = float(speed * np.cos(angle)), float(speed * np.sin(angle))
    if rng.random() < 0.5:
        shutter = rng.uniform(0.2, 0.6)
        image, alpha = smeared(image, motion, shutter), smeared(alpha, motion, shutter)
    own = own or rng
    if own.random() < 0.6:
        image = flickered(image, own)
    if own.random() < 0.7:
        image = compressed(image, motion, int(own.integers(CRF[0], CRF[1] + 1)))
    return image, alpha


def smeared(picture: Floats, motion: tuple[float, float], shutter: float) -> Floats:
    """Average along the part of ``motion`` (x, y in pixels a frame) that the shutter is open."""
    length = float(np.hypot(*motion)) * shutter
    count = int(np.ceil(length)) + 1
    if count < 2:
        return picture
    size = 2 * (count // 2 + 1) + 1
    kernel = np.zeros((size, size), np.float32)
    direction = np.array(motion) / max(float(np.hypot(*motion)), 1e-6)
    for step in np.linspace(-length / 2, length / 2, 4 * count):
        x, y = np.rint(size // 2 + step * direction).astype(int)
        kernel[y, x] += 1
    border = cv2.BORDER_REPLICATE
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=border))


def flickered(image: Floats, rng: np.random.Generator) -> Floats:
    """Another brightness, and the bands of lamps on the mains."""
    gain = np.full((len(image), 1, 1), 1 + rng.uniform(-FLICKER, FLICKER))
    if rng.random() < 0.5:
        turns = 2 * np.pi * (rng.uniform(*BANDS) * np.linspace(0, 1, len(image)) + rng.random())
        gain = gain * (1 + rng.uniform(0, FLICKER) * np.sin(turns)[:, None, None])
    return np.asarray(np.clip(image * gain, 0, 255), np.float32)


def compressed(image: Floats, motion: tuple[float, float], crf: int) -> Floats:
    """The frame after H.264, predicted from a frame before it that lay ``motion`` elsewhere.

    Both sides of the image have to be even.
    """
    now = np.clip(image + np.float32(0.5), 0, 255).astype(np.uint8)
    moved = np.array([[1, 0, -motion[0]], [0, 1, -motion[1]]], np.float32)
    size = now.shape[1], now.shape[0]
    before = cv2.warpAffine(now, moved, size, borderMode=cv2.BORDER_REPLICATE)
    return through_h264([np.asarray(before, np.uint8), now], crf, "ultrafast")[-1].astype(
        np.float32
    )
