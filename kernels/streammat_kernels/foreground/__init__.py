"""Foreground colours: what the subject's edge would look like without the background behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands
from ..colour import to_rgb
from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..layout import Colour, PixelLayout
from ..planes import check_planes
from .multilevel import Workspace

__all__ = ["Workspace", "estimate_foreground"]


@takes_any_array
def estimate_foreground(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16] | None = None,
    *,
    linear_light: bool = False,
    workspace: Workspace | None = None,
    bands: Bands | None = None,
) -> NDArray[np.uint16]:
    """Foreground colours F of ``I = alpha F + (1 - alpha) B``, smooth beyond the subject's edge.

    Multi-level joint estimation of F and B (Germer, Uelwer, Conrad, Harmeling 2020, "Fast
    Multi-Level Foreground Estimation", arXiv:2006.14970): at every level of a pyramid, from coarse
    to fine, a few relaxation sweeps of a regularised least-squares problem. The finest levels are
    solved in the alpha band only.

    The mixture is one of encoded values, as most editing programs blend and as the data sets are
    made that matting networks learn from. Blended in linear light (``composite.over``,
    ``composite.premultiply``) such colours give edges that are too bright; with ``linear_light``
    they are moved until the mixture holds for light.

    Where alpha is 65535 the result is ``colour.to_rgb(planes)`` exactly; where alpha is 0 it is the
    foreground of the coarser levels, so that it can be scaled or filtered without a fringe. The
    result does not depend on ``bands``.

    Args:
        planes: as ``layout`` says; rows may be padded; an alpha plane is ignored.
        layout, colour: how to read them.
        alpha: (H, W) uint16, 65535 = opaque.
        out: (3, H, W) uint16, C-contiguous, not overlapping the planes; None makes one.
        linear_light: colours for a blend in linear light.
        workspace: buffers for one size, reused from frame to frame by one caller at a time.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``out``: encoded R'G'B', 0..65535, of the same transfer curve as the source.

    Raises:
        ShapeError: arrays or a workspace that do not belong together.
    """
    height, width = check_planes(planes, layout)
    if alpha.shape != (height, width) or alpha.dtype != np.uint16:
        raise ShapeError(
            f"alpha is {alpha.dtype} {alpha.shape}; expected uint16 ({height}, {width}), 65535 = 1"
        )
    if out is None:
        out = empty((3, height, width), np.uint16, alpha)
    if out.shape != (3, height, width) or out.dtype != np.uint16 or not out.flags.c_contiguous:
        raise ShapeError(
            f"out is {out.dtype} {out.shape}; expected C-contiguous uint16 (3, {height}, {width})"
        )
    if workspace is None:
        workspace = Workspace(height, width)
    if (workspace.height, workspace.width) != (height, width):
        raise ShapeError(
            f"the workspace is for {workspace.width}x{workspace.height}, the picture is "
            f"{width}x{height}; make a new one"
        )
    if is_cuda(alpha):
        estimate = backend(__name__, alpha).estimate_foreground
        estimate(planes, layout, colour, alpha, out, linear_light, workspace)
        return out
    to_rgb(planes, layout, colour, out, bands=bands)
    matte = np.ascontiguousarray(alpha)
    workspace.estimate(matte, out, bands)
    if linear_light:
        workspace.relight(matte, out, colour.transfer, bands)
    return out
