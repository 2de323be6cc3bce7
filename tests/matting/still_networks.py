"""Networks of a formula in place of a model: their passes can be reckoned by hand."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import Variant
from streammat.matting.strategies import PassOutput


@dataclass
class RedNetwork:
    """Red is focus; glance calls red above 0.9 subject, below 0.1 background, else transition.

    Attributes:
        network: which one it says it is.
        variant: ft calls red above 0.9 the core, bt red above 0.1 the subject.
        sizes: (h, w) of every pass.
    """

    variant: Variant = "tt"
    network: str = "gfm_lite0_tt"
    sizes: list[tuple[int, int]] = field(default_factory=list)
    closed: bool = False

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        assert rgb.dtype == np.float32
        assert rgb.shape[0] % 32 == 0
        assert rgb.shape[1] % 32 == 0
        self.sizes.append((rgb.shape[0], rgb.shape[1]))
        red = np.ascontiguousarray(rgb[..., 0]) / np.float32(255)
        low, high = red < 0.1, red > 0.9
        planes = {"tt": (low, ~low & ~high, high), "ft": (~high, high), "bt": (low, ~low)}
        glance = np.stack(planes[self.variant]).astype(np.float32)
        return PassOutput(glance, red)

    def close(self) -> None:
        self.closed = True


def ramp_picture(height: int, width: int) -> NDArray[np.uint8]:
    """Black, then a ramp of red over the middle third, then full red, from left to right."""
    red = np.clip(np.linspace(-1, 2, width), 0, 1) * 255
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0] = np.rint(red)
    return rgb
