"""Despeckle: small islands of a matte are taken out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..planes import padded

__all__ = ["Workspace", "despeckle", "least_area"]


class Workspace:
    """What joining pixels takes, kept from frame to frame: 8 bytes a pixel, of which few are used
    on a CPU.
    """

    __slots__ = ("areas", "labels")

    def __init__(self, height: int, width: int, like: Any = None) -> None:
        """``like`` is an array on the device where it is to lie; None is host memory."""
        place = np.empty(0) if like is None else like
        self.labels: NDArray[np.int32] = empty((height, width), np.int32, place)
        self.areas: NDArray[np.int32] = empty((height, width), np.int32, place)


def least_area(size_px: float) -> int:
    """Pixels that an island needs to stay: those of a disc of this diameter."""
    return math.ceil(math.pi / 4 * size_px * size_px)


@takes_any_array
def despeckle(
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16] | None = None,
    *,
    size_px: float,
    above: float = 0.0,
    workspace: Workspace | None = None,
) -> NDArray[np.uint16]:
    """Set alpha to 0 where pixels above 0 hang together in an island of less than a disc's area.

    Pixels hang together with their eight neighbours. What touches the subject, however thinly, is
    no island. Alpha elsewhere is kept bit for bit.

    The GPU joins pixels by a union-find over their numbers (Playne and Hawick, "A New Algorithm for
    Parallel Connected-Component Labelling on GPUs", IEEE TPDS 2018), the CPU runs of rows; both
    count pixels, so that they agree exactly.

    Args:
        alpha: (H, W) uint16, 65535 = opaque.
        out: (H, W) uint16 to write into; may be ``alpha`` itself. None makes one.
        size_px: diameter of the disc, 0 to below 1000 pixels; 0 copies.
        above: 0 to below 1; alpha up to this does not join what lies on either side of it, and is
            kept. For mattes whose background is not exactly 0.
        workspace: kept by the caller to avoid allocation; None makes one.

    Returns:
        ``out``.

    Raises:
        ShapeError: values out of range or arrays that do not belong together.
    """
    _check(alpha, out, size_px, above)
    out = empty(alpha.shape, np.uint16, alpha) if out is None else out
    if workspace is None or workspace.labels.shape != alpha.shape:
        height, width = alpha.shape
        workspace = Workspace(height, width, alpha)
    least, lowest = least_area(size_px), math.floor(above * 65535) + 1
    if is_cuda(alpha):
        backend(__name__, alpha).despeckle(alpha, out, least, lowest, workspace)
        return out
    from .cpu import erase_islands

    if out is not alpha:
        np.copyto(out, alpha)
    runs = workspace.labels.reshape(-1), workspace.areas.reshape(-1)
    erase_islands(padded(out, output=True), alpha.shape[1], least, np.uint16(lowest), *runs)
    return out


def _check(alpha: NDArray[Any], out: NDArray[Any] | None, size_px: float, above: float) -> None:
    if alpha.ndim != 2 or alpha.dtype != np.uint16:
        raise ShapeError(f"alpha is {alpha.dtype} {alpha.shape}; it has to be (H, W) uint16")
    if out is not None and (out.shape != alpha.shape or out.dtype != np.uint16):
        raise ShapeError(f"out is {out.dtype} {out.shape}; it has to be uint16 {alpha.shape}")
    if not 0 <= size_px < 1000:
        raise ShapeError(f"size_px is {size_px}; it has to be 0 or more, and below 1000 pixels")
    if not 0 <= above < 1:
        raise ShapeError(f"above is {above}; it has to be 0 or more, and below 1")
