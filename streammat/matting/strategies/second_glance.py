"""Glance from two distances, for about a third more than one pass.

A network loses parts of a face that fills the frame; from farther off it sees it whole. The mean
of its glance at the working size and at half the sides flickers less and loses less, and the far
focus, which nobody needs, is not computed; `benchmarks quality` compares. In the pipeline both
looks are one engine (`streammat_engines.graph.second_glance`); here is what it means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.matting.sizes import network_size
from streammat.matting.strategies.asked_twice import AskedTwice
from streammat.matting.strategies.network import NetworkPass, PassOutput
from streammat.matting.strategies.single import single_at
from streammat.types import Alpha
from streammat_engines.farther import farther_size
from streammat_kernels.resize import bilinear

__all__ = ["SecondGlance", "second_glance"]

Planes = NDArray[np.float32]


class SecondGlance(AskedTwice):
    """A `NetworkPass` whose glance is the mean of a network's near and farther off.

    Args:
        network: is asked twice, or once where a picture is too small for a second look.
    """

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        """Mean glance (C, h, w) and near focus (h, w), 0..1, of (h, w, 3) R'G'B' 0..255."""
        size = (rgb.shape[0], rgb.shape[1])
        near = self._network(rgb)
        farther = farther_size(*size)
        if farther is None:
            return near
        glance, focus = near.glance.copy(), near.focus.copy()
        small = _resized(np.ascontiguousarray(rgb.transpose(2, 0, 1)), farther)
        far = self._network(np.ascontiguousarray(small.transpose(1, 2, 0)))
        glance += _resized(far.glance, size)
        return PassOutput(glance * np.float32(0.5), focus)


def second_glance(
    network: NetworkPass,
    rgb: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    size: str = "balanced",
    redrawn: bool = False,
) -> Alpha:
    """Alpha (H, W) uint16, 65535 = opaque.

    Args:
        network: the passes are its.
        rgb: (H, W, 3) uint8 or uint16 full scale.
        size: fast, balanced, best or WxH; see `network_size`.
        redrawn: soft edges along the colours of the picture, see `edges`.
    """
    chosen = network_size(rgb.shape[1], rgb.shape[0], size)
    return single_at(SecondGlance(network), rgb, chosen, redrawn=redrawn)


def _resized(planes: Planes, size: tuple[int, int]) -> Planes:
    """Every plane of (C, h, w), bilinear with half-pixel centres."""
    resized = np.empty((len(planes), *size), np.float32)
    for plane, out in zip(planes, resized, strict=True):
        bilinear(np.ascontiguousarray(plane), out)
    return resized
