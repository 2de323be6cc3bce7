"""What a frame of a clip has that a photograph has not: motion, flicker, compression.

A frame here is one of a moving shot: it is smeared along its motion, its brightness wavers, and it
went through H.264 after the frame before it, so that it carries the residue of prediction. Image
and alpha move together. Images are (H, W, 3) float32 RGB 0..255, alphas (H, W) float32 0..1.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from streammat.media.recompress import through_h264
from streammat.training.cache import Floats

__all__ = ["Flicker", "Look", "compressed", "draw_look", "filmed", "motion_kernel", "smeared"]

MOST_MOTION_PX = 12.0
CRF = (22, 38)
FLICKER = 0.06  # of the brightness
BANDS = (0.5, 4.0)  # of mains flicker on a rolling shutter, over the picture's height


class Flicker(NamedTuple):
    """Another brightness, and the bands of lamps on the mains."""

    gain: float
    depth: float = 0.0  # of the bands; 0: none
    bands: float = 0.0  # over the picture's height
    phase: float = 0.0  # turns

    def gains(self, height_px: int) -> Floats:
        """(H,) float32: what each line is multiplied by."""
        turns = self.bands * np.linspace(0, 1, height_px) + self.phase
        return np.asarray(self.gain * (1 + self.depth * np.sin(2 * np.pi * turns)), np.float32)


class Look(NamedTuple):
    """What is done to a picture; None leaves that out.

    Attributes:
        motion: x and y, pixels a frame.
        shutter: the part of a frame's time in which it is open, 0..1.
        flicker: of the brightness.
        crf: x264's, of the compression.
    """

    motion: tuple[float, float]
    shutter: float | None
    flicker: Flicker | None
    crf: int | None


def draw_look(rng: np.random.Generator, own: np.random.Generator | None = None) -> Look:
    """Each effect more often than not.

    Flicker and compression are drawn from ``own``, where two frames share the motion of ``rng``.
    """
    angle, speed = rng.uniform(0, 2 * np.pi), rng.uniform(0, MOST_MOTION_PX)
    motion = float(speed * np.cos(angle)), float(speed * np.sin(angle))
    shutter = float(rng.uniform(0.2, 0.6)) if rng.random() < 0.5 else None
    own = own or rng
    flicker = _draw_flicker(own) if own.random() < 0.6 else None
    crf = int(own.integers(CRF[0], CRF[1] + 1)) if own.random() < 0.7 else None
    return Look(motion, shutter, flicker, crf)


def _draw_flicker(rng: np.random.Generator) -> Flicker:
    gain = 1 + float(rng.uniform(-FLICKER, FLICKER))
    if rng.random() >= 0.5:
        return Flicker(gain)
    bands, phase = float(rng.uniform(*BANDS)), float(rng.random())
    return Flicker(gain, float(rng.uniform(0, FLICKER)), bands, phase)


def filmed(image: Floats, alpha: Floats, look: Look) -> tuple[Floats, Floats]:
    """Image and alpha with a look; the alpha is that of the smeared frame."""
    kernel = None if look.shutter is None else motion_kernel(look.motion, look.shutter)
    if kernel is not None:
        image, alpha = smeared(image, kernel), smeared(alpha, kernel)
    if look.flicker is not None:
        gains = look.flicker.gains(len(image))[:, None, None]
        image = np.asarray(np.clip(image * gains, 0, 255), np.float32)
    if look.crf is not None:
        image = compressed(image, look.motion, look.crf)
    return image, alpha


def motion_kernel(motion: tuple[float, float], shutter: float) -> Floats | None:
    """Average along the part of ``motion`` (x, y in pixels a frame) that the shutter is open.

    Returns:
        (K, K) float32 around its middle, K odd, sum 1; None where nothing moves.
    """
    length = float(np.hypot(*motion)) * shutter
    count = int(np.ceil(length)) + 1
    if count < 2:
        return None
    size = 2 * (count // 2 + 1) + 1
    kernel = np.zeros((size, size), np.float32)
    direction = np.array(motion) / max(float(np.hypot(*motion)), 1e-6)
    for step in np.linspace(-length / 2, length / 2, 4 * count):
        x, y = np.rint(size // 2 + step * direction).astype(int)
        kernel[y, x] += 1
    return np.asarray(kernel / kernel.sum(), np.float32)


def smeared(picture: Floats, kernel: Floats) -> Floats:
    """The picture averaged by `motion_kernel`; its edges go on outside."""
    return np.asarray(cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REPLICATE))


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
