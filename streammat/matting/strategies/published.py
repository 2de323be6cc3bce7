"""The strategies of GFM's paper: ``hybrid`` looks at two sizes, ``resize`` at one.

Source: Li et al., "Bridging Composite and Real: Towards End-to-end Deep Image Matting", IJCV 2021;
ratios, rounding and cap of its released test code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.matting.strategies.labels import fuse_labels, glance_labels
from streammat.matting.strategies.network import NetworkPass, PassOutput, StillMaps
from streammat.matting.strategies.pass_size import pass_size
from streammat.matting.strategies.resample import enlarge, shrink
from streammat_kernels.fusion import fuse

__all__ = ["GLANCE_RATIO", "RATIO", "Shrink", "hybrid", "resize"]

GLANCE_RATIO = 1 / 3
RATIO = 1 / 2

Shrink = Callable[[NDArray[Any], tuple[int, int]], NDArray[np.float64]]


def hybrid(network: NetworkPass, rgb: NDArray[Any], *, shrink: Shrink = shrink) -> StillMaps:
    """Glance from a third of the picture's size (more context), focus from half (more detail).

    Args:
        network: the passes are its.
        rgb: (H, W, 3) uint8 or uint16 full scale; both sides at least 96.
        shrink: scales a picture to (h, w), keeping its scale.

    Returns:
        Maps of (H, W).

    Raises:
        InputError: a side below 96 pixels.
    """
    size = rgb.shape[0], rgb.shape[1]
    wide = network(_input(rgb, pass_size(*size, GLANCE_RATIO), shrink)).glance
    close = network(_input(rgb, pass_size(*size, RATIO), shrink)).focus
    glance = _enlarged_labels(wide, network, size)
    focus = enlarge(close, size)
    return StillMaps(glance, focus, fuse_labels(glance, focus, network.variant))


def resize(network: NetworkPass, rgb: NDArray[Any], *, shrink: Shrink = shrink) -> StillMaps:
    """One pass at half of the picture's size; its own fusion is enlarged.

    Args, returns and errors as `hybrid`; both sides at least 64.
    """
    size = rgb.shape[0], rgb.shape[1]
    output: PassOutput = network(_input(rgb, pass_size(*size, RATIO), shrink))
    fused = fuse(output.glance, output.focus, network.variant)
    glance = _enlarged_labels(output.glance, network, size)
    return StillMaps(glance, enlarge(output.focus, size), enlarge(fused, size))


def _input(rgb: NDArray[Any], size: tuple[int, int], shrink: Shrink) -> NDArray[np.float32]:
    """(h, w, 3) float32 0..255."""
    small = shrink(rgb, size)
    if rgb.dtype == np.uint16:
        small = small / 257
    return small.astype(np.float32)


def _enlarged_labels(
    glance: NDArray[np.float32], network: NetworkPass, size: tuple[int, int]
) -> NDArray[np.float64]:
    # As 0..1: there a plain 1 stays 1 where arithmetic allows it, in 0..255 it does not.
    return enlarge(glance_labels(glance, network.variant) / 255, size) * 255
