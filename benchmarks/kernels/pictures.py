"""Pictures like those of a camera: shading, grain, and a subject with a soft, uneven edge."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import empty_planes

__all__ = ["COLOUR", "NETWORK", "RGB8", "YUV8", "alpha", "glance_and_focus", "input_hash", "rgb"]

COLOUR = Colour()
YUV8 = PixelLayout()
RGB8 = PixelLayout(Family.RGB, 1, 1)
NETWORK = 288, 512  # rows and columns of the network's view
GRAIN = 2.0  # sigma in 8-bit codes
EDGE_SHARE = 0.012  # of the width: how soft the edge is

U8 = NDArray[np.uint8]


@cache
def _shape(height: int, width: int) -> NDArray[np.float32]:
    """Alpha 0..1 of a subject that covers about a third; its outline wavers like hair."""
    dice = np.random.default_rng(5)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y / height - np.float32(0.55), (x / width - np.float32(0.5)) * np.float32(width / height)
    angle = np.arctan2(y, x)
    radius = np.full_like(angle, 0.34)
    for waves in (3, 7, 19, 53, 131):
        radius += np.float32(0.09 / waves) * np.sin(waves * angle + np.float32(dice.uniform(0, 6)))
    soft = (radius - np.hypot(y, x)) / np.float32(EDGE_SHARE * width / height) + np.float32(0.5)
    return np.asarray(soft.clip(0, 1), np.float32)


@cache
def alpha(height: int, width: int) -> NDArray[np.uint16]:
    """(H, W), 65535 = opaque; about a twentieth lies between 0 and 1."""
    return (_shape(height, width) * 65535 + 0.5).astype(np.uint16)


def glance_and_focus() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a network would say of that subject: (3, h, w) and (h, w)."""
    return _glance_and_focus(*NETWORK)


@cache
def _glance_and_focus(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    small = _shape(height, width)
    band = (small > 0) & (small < 1)
    glance = np.stack([small == 0, band, small == 1]).astype(np.float32)
    noise = np.random.default_rng(6).uniform(0, 0.4, glance.shape)
    return (glance * 0.6 + noise).astype(np.float32), small.copy()


@cache
def rgb(height: int, width: int) -> U8:
    """(3, H, W): a shaded wall, the subject in front, grain over both."""
    dice = np.random.default_rng(7)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = y / height, x / width
    share = _shape(height, width)
    out = np.empty((3, height, width), np.uint8)
    for channel in range(3):
        wall = 90 + 60 * x + 30 * np.sin(9 * y + channel)
        subject = 150 - 50 * y + 40 * np.cos(14 * x - channel)
        picture = wall + share * (subject - wall)
        out[channel] = (picture + dice.normal(0, GRAIN, picture.shape)).clip(0, 255)
    return out


def yuv(height: int, width: int, layout: PixelLayout = YUV8) -> tuple[NDArray[Any], ...]:
    """The same picture in a decoder's planes."""
    from streammat_kernels.colour import from_rgb

    planes = empty_planes(layout, height, width)
    from_rgb(rgb(height, width), layout, COLOUR, planes)
    return planes


def moving(plane: NDArray[Any], count: int) -> list[NDArray[Any]]:
    """``count`` copies, every other one 3 px further to the right."""
    return [np.roll(plane, 3 * (index % 2), axis=1) for index in range(count)]


def input_hash() -> str:
    """Which pictures these are, for the record: of the smallest size."""
    digest = hashlib.sha256(rgb(720, 1280).tobytes())
    digest.update(alpha(720, 1280).tobytes())
    return digest.hexdigest()[:16]
