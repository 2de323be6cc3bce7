"""Networks of three representations: always one pass at a third of the picture's size."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.matting.strategies.network import RimPass
from streammat.matting.strategies.pass_size import pass_size
from streammat.matting.strategies.published import GLANCE_RATIO, Shrink
from streammat.matting.strategies.resample import enlarge, shrink
from streammat_kernels.fusion import fuse

__all__ = ["RimMaps", "rim"]


class RimMaps(NamedTuple):
    """(H, W) alphas: one a representation, 0..1, and the network's own, which may leave 0..1."""

    tt: NDArray[np.float64]
    ft: NDArray[np.float64]
    bt: NDArray[np.float64]
    alpha: NDArray[np.float64]


def rim(network: RimPass, rgb: NDArray[Any], *, shrink: Shrink = shrink) -> RimMaps:
    """The four maps of a network with RIM, enlarged.

    Args:
        network: the pass is its.
        rgb: (H, W, 3) uint8 or uint16 full scale; both sides at least 96.
        shrink: scales a picture; `resample.shrink_bytes` for the released code's numbers.

    Raises:
        InputError: a side below 96 pixels.
    """
    size = rgb.shape[0], rgb.shape[1]
    small = shrink(rgb, pass_size(*size, GLANCE_RATIO))
    output = network((small / 257 if rgb.dtype == np.uint16 else small).astype(np.float32))
    tt, ft, bt = output.tt, output.ft, output.bt
    planes = (
        fuse(tt.glance, tt.focus, "tt"),
        fuse(ft.glance, ft.focus, "ft"),
        fuse(bt.glance, bt.focus, "bt"),
        output.alpha,
    )
    return RimMaps(*(enlarge(plane, size) for plane in planes))
