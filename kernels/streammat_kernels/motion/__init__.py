"""Motion between two pictures: where each block was in the picture before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, takes_any_array
from ..errors import ShapeError
from .workspace import Workspace

__all__ = ["Workspace", "estimate"]


@takes_any_array
def estimate(
    previous: NDArray[np.float32],
    current: NDArray[np.float32],
    shift: float = 0.0,
    out: NDArray[np.float32] | None = None,
    *,
    workspace: Workspace | None = None,
) -> NDArray[np.float32]:
    """Where each sample of one map was in the map before, from coarse to fine.

    ``previous`` at (y + out[1], x + out[0]), brightened by ``shift``, is ``current`` at (y, x). At
    each of up to five levels, each half as large as the next, the vectors of the level before are
    corrected by one step of Lucas and Kanade over windows of 7x7 samples and averaged over 3x3. A
    window without structure keeps the vector of its surroundings. Where something is uncovered no
    vector is right: whoever uses them has to compare.

    Source: Lucas, Kanade, "An Iterative Image Registration Technique with an Application to Stereo
    Vision", IJCAI 1981; Bouguet, "Pyramidal Implementation of the Lucas Kanade Feature Tracker",
    Intel 2001 (the pyramid).

    Args:
        previous: (h, w) float32 in 8-bit steps, 0..255, contiguous.
        current: the same of the later picture.
        shift: how much brighter the later picture is as a whole.
        out: (2, h, w) float32 to write into; None makes one.
        workspace: kept by the caller; None makes one.

    Returns:
        ``out``: x in out[0], y in out[1], in samples. All 0 for maps of one row or column.

    Raises:
        ShapeError: arrays that do not belong together.
    """
    for name, plane in (("previous", previous), ("current", current)):
        if plane.ndim != 2 or plane.dtype != np.float32 or not plane.flags.c_contiguous:
            raise ShapeError(
                f"{name} is {plane.dtype} {plane.shape}; it has to be contiguous float32 (h, w)"
            )
    if previous.shape != current.shape:
        raise ShapeError(f"previous {previous.shape} and current {current.shape} differ in size")
    shape = (2, *current.shape)
    if out is None:
        out = empty(shape, np.float32, current)
    elif out.shape != shape or out.dtype != np.float32 or not out.flags.c_contiguous:
        raise ShapeError(f"out is {out.dtype} {out.shape}; it has to be contiguous float32 {shape}")
    if min(current.shape) < 2:
        out[...] = 0
        return out
    if workspace is None or workspace.size != current.shape:
        workspace = Workspace(*current.shape)
    backend(__name__, current).estimate(previous, current, np.float32(shift), out, workspace)
    return out
