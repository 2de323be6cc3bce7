"""What the benchmark of training samples is fed with: decoded pictures and GFM's decisions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.augment import SamplePlan

__all__ = ["CROP_PX", "PICTURES", "input_hash", "inputs", "pictures", "plans"]

SIZE = (1195, 1471)  # H, W
CROP_PX = 320
SIDES = (640, 960, 1280)
PICTURES = 6  # kept decoded; samples go round them
Sample = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]
_pictures: list[Sample] = []


def pictures() -> list[Sample]:
    """Foregrounds, backgrounds and alphas of the benchmark's size, with detail and noise."""
    if not _pictures:
        _pictures.extend(_picture(seed) for seed in range(PICTURES))
    return _pictures


def input_hash() -> str:
    """Which pictures these are, for the record: of the first."""
    digest = hashlib.sha256()
    for array in pictures()[0]:
        digest.update(array.tobytes())
    return digest.hexdigest()[:16]


def _picture(seed: int) -> Sample:
    random = np.random.default_rng(seed)
    H, W = SIZE
    y, x = np.mgrid[:H, :W].astype(np.float32)
    layers = []
    for _ in range(2):
        waves = [
            np.sin(x / random.uniform(5, 60)) * np.cos(y / random.uniform(5, 60)) for _ in "rgb"
        ]
        smooth = 128 + 90 * np.stack(waves, 2)
        noisy = smooth + random.normal(0, 6, smooth.shape)
        layers.append(np.clip(noisy, 0, 255).astype(np.uint8))
    distance = np.hypot((y - H / 2) / (H * 0.33), (x - W / 2) / (W * 0.28))
    alpha = np.clip(255 * ((1 - distance) / 0.15 + 0.5), 0, 255).astype(np.uint8)
    return layers[0], layers[1], alpha


def plans(count: int, denoise: bool) -> list[SamplePlan]:
    """Decisions of GFM's own distribution: each of blur and noise (and denoising) half the time."""
    random = np.random.default_rng(11)
    made = []
    for number in range(count):
        side = int(random.choice(SIDES))
        side = side if side < min(SIZE) else CROP_PX
        calm = (random.random() < 0.5) * denoise  # drawn in any case: both see the same crops
        made.append(
            SamplePlan(
                x=int(random.integers(0, SIZE[1] - side)),
                y=int(random.integers(0, SIZE[0] - side)),
                side=side,
                flip=random.random() < 0.5,
                blur_px=int(random.choice([20, 30, 40, 50, 60])) * (random.random() < 0.5),
                denoise_foreground=6.0 * calm,
                denoise_background=6.0 * calm,
                noise_sigma=10.0 * (random.random() < 0.5),
                noise_seed=number,
            )
        )
    return made


def inputs(
    count: int, move: Callable[[Any], Any] = np.asarray
) -> tuple[list[Any], list[Any], list[Any]]:
    """Foregrounds, backgrounds and alphas of a batch, each picture moved once."""
    there = [[move(array) for array in pictures()[n]] for n in range(min(PICTURES, count))]
    fg, bg, alpha = zip(*(there[n % len(there)] for n in range(count)), strict=True)
    return list(fg), list(bg), list(alpha)
