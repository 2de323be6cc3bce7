"""Background blur like a lens: points of light become discs, and the subject leaves no glow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands
from ..dispatch import backend, is_cuda, takes_any_array
from ..errors import ShapeError
from ..layout import Colour, PixelLayout
from ..planes import check_planes
from .defocus import Workspace

__all__ = ["RADIUS_AT_FULL_STRENGTH", "Workspace", "blur_background"]

RADIUS_AT_FULL_STRENGTH = 0.05
"""Radius of the disc at strength 1, as a share of the picture's height."""

_SMALLEST_RADIUS_PX = 0.5  # below it a disc is one pixel


@takes_any_array
def blur_background(
    planes: Sequence[NDArray[Any]],
    layout: PixelLayout,
    colour: Colour,
    alpha: NDArray[np.uint16],
    out: Sequence[NDArray[Any]],
    *,
    strength: float = 0.5,
    workspace: Workspace | None = None,
    bands: Bands | None = None,
) -> Sequence[NDArray[Any]]:
    """The background out of focus, without the subject: what to composite the subject over.

    A normalised convolution (Knutsson and Westin 1993) of linear light with a disc, on a grid as
    coarse as the disc allows. A pixel counts by 1 - 8 alpha; blocks of the grid within 4 pixels of
    the subject count less or not at all, so the soft edge gives no light. Codes are interpolated
    back to full size, so the rim of a disc is as soft as the grid. Where the disc finds no
    background, a pyramid of ever coarser means fills in (push-pull; Gortler et al. 1996, "The
    Lumigraph"); a picture without any background gives black.

    Args:
        planes: the plate, as ``layout`` and ``colour`` say; rows may be padded.
        layout, colour: of plate and ``out``.
        alpha: (H, W) uint16, 65535 = opaque.
        out: planes like the plate's, filled; an alpha plane becomes opaque.
        strength: 0..1; the radius is this share of 5 % of the picture's height. 0 copies the plate.
        workspace: buffers for one size, reused from frame to frame by one caller at a time.
        bands: row bands on a pool; None runs in this thread. The result does not depend on it.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays or a workspace that do not belong together, a strength outside 0..1.
    """
    height, width = check_planes(planes, layout)
    found = check_planes(out, layout, "out")
    if found != (height, width):
        raise ShapeError(f"out holds {found[1]}x{found[0]}, the plate {width}x{height}")
    if alpha.shape != (height, width) or alpha.dtype != np.uint16:
        raise ShapeError(
            f"alpha is {alpha.dtype} {alpha.shape}; expected uint16 ({height}, {width}), 65535 = 1"
        )
    if not 0.0 <= strength <= 1.0:
        raise ShapeError(f"blur strength {strength}; 0..1 is allowed, 0.5 is the default")
    if workspace is None:
        workspace = Workspace(height, width)
    if (workspace.height, workspace.width) != (height, width):
        raise ShapeError(
            f"the workspace is for {workspace.width}x{workspace.height}, the picture is "
            f"{width}x{height}; make a new one"
        )
    radius_px = strength * RADIUS_AT_FULL_STRENGTH * height
    if is_cuda(alpha):
        cuda = backend(__name__, alpha)
        if radius_px < _SMALLEST_RADIUS_PX:
            cuda.copy(planes, layout, out)
        else:
            cuda.blur(planes, layout, colour, alpha, out, radius_px, workspace)
        return out
    if radius_px < _SMALLEST_RADIUS_PX:
        for target, source in zip(out, planes, strict=True):
            target[...] = source
    else:
        workspace.blur(planes, layout, colour, alpha, out, radius_px, bands)
    if layout.alpha:
        out[-1][...] = ((1 << layout.bits) - 1) << layout.shift
    return out
