"""From the network's two maps to the smoothed alpha at full size, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import closed_form as edges
from ..bands import Bands
from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..fusion import RepresentationMode, check_maps, fuse
from ..guided import Workspace, guided_upsample
from ..layout import PixelLayout
from ..planes import check_planes
from ..temporal import TemporalState, smooth

__all__ = ["refine"]


@takes_any_array
def refine(
    glance: NDArray[np.float32],
    focus: NDArray[np.float32],
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    state: TemporalState | None,
    out: NDArray[np.uint16],
    *,
    mode: RepresentationMode = "tt",
    strength: float = 0.75,
    follow: bool = True,
    content: tuple[int, int] | None = None,
    rgb: NDArray[np.float32] | None = None,
    edges_workspace: edges.Workspace | None = None,
    workspace: Workspace | None = None,
    bands: Bands | None = None,
) -> TemporalState:
    """``fusion.fuse``, ``closed_form.closed_form`` where ``rgb`` is given,
    ``guided.guided_upsample`` and ``temporal.smooth``, one after the other.

    On a GPU these are three launches without ``follow``, the comparison of shots among them, and
    with ``composite.over`` post-processing is four (eight one by one). With ``follow`` it is one
    launch more, and those of ``motion.estimate``. Where the picture has fewer samples than the maps
    along an axis, the three ops run one by one there, too. ``rgb`` adds the launches of
    ``fusion.fuse`` and ``closed_form.closed_form``.

    Args:
        glance, focus, mode: see ``fusion.fuse``; (3 or 2, h, w) and (h, w) float32.
        planes, layout: of the frame, (H, W); luma (green for RGB) is read.
        state: what the call for the previous frame returned (it is reused); None starts afresh.
        out: (H, W) uint16 alpha, 65535 = opaque, filled.
        strength: of the smoothing, 0..1.
        follow: memory moves with the picture, see ``temporal.smooth``.
        content: rows and columns of the maps (top left) that the picture covers; None is all.
        rgb: (3, h, w) float32, 0..255, as the network saw the picture: soft edges are redrawn
            along its colours, and ``focus`` is overwritten. None leaves them as they are.
        edges_workspace: of ``closed_form``, kept by the caller; None makes one.
        workspace: of ``guided``, kept by the caller; None makes one.
        bands: row bands on a pool; None is serial.

    Returns:
        The state for the next frame, see ``temporal.smooth``.

    Raises:
        ShapeError: arrays, sizes or a strength that do not belong together.
    """
    height, width = check_planes(planes, layout)
    check_maps(glance, focus, mode)
    _check(out, (height, width), strength)
    rows, columns = focus.shape if content is None else content
    if not (1 <= rows <= focus.shape[0] and 1 <= columns <= focus.shape[1]):
        raise ShapeError(f"content {content} does not lie within maps of shape {focus.shape}")
    content = rows, columns
    if rgb is not None:
        fuse(glance, focus, mode, focus)
        edges.closed_form(focus, rgb, focus, content=content, workspace=edges_workspace)
    if is_cuda(out) and rows <= height and columns <= width:
        sizes = rows, columns, height, width
        if workspace is None or workspace.sizes != sizes:
            workspace = Workspace(*sizes)
        fresh = state is None or state.memory.shape != (height, width)
        current = TemporalState(height, width) if fresh or state is None else state
        maps = glance, focus, mode, rgb is not None
        backend(__name__, out).refine(
            *maps, planes, layout, current, out, strength, fresh, follow, workspace
        )
        current.cut = state is not None if fresh else None
        return current
    small = focus
    if rgb is None:
        small = fuse(glance, focus, mode, empty(focus.shape, np.float32, focus))
    guided_upsample(small, planes, layout, out, content=content, workspace=workspace, bands=bands)
    return smooth(out, planes, layout, state, out, strength=strength, follow=follow, bands=bands)


def _check(out: NDArray[Any], shape: tuple[int, int], strength: float) -> None:
    if out.shape != shape or out.dtype != np.uint16:
        raise ShapeError(f"out is {out.dtype} {out.shape}; it has to be uint16 {shape}")
    if not 0 <= strength <= 1:
        raise ShapeError(f"smoothing strength {strength}; it has to be 0..1")
