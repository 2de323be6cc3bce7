"""What a network sees of a frame: small SDR R'G'B', also of HDR, log and scene-linear plates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streammat.types import FloatPlane, Frame

if TYPE_CHECKING:
    from streammat_kernels.bands import Bands

__all__ = ["frame_view", "whole_view"]

_WHITE = np.float32(255.0)
_LARGEST = 65504.0  # of a half float: an infinity must not spoil its neighbours


def frame_view(
    frame: Frame,
    out: NDArray[np.float32],
    *,
    content: tuple[int, int] | None = None,
    bands: Bands | None = None,
) -> NDArray[np.float32]:
    """R'G'B' 0..255 at the network's size; see `streammat_kernels.resize.network_view`.

    Scene values are averaged as the light that they are, then tone-mapped; code values are
    averaged as they are stored.

    Args:
        frame: its ``view``, if any, is applied to what comes out of the averaging.
        out: (3, h, w) float32, filled completely.
        content: (rows, columns) at the top left of ``out`` that the picture covers.
        bands: row bands on a pool; None runs in this thread.
    """
    from streammat_kernels.resize import network_view

    if frame.scene is None:
        network_view(frame.planes, frame.layout, frame.colour, out, content=content, bands=bands)
    else:
        _scene_view(frame.scene, out, content or (out.shape[1], out.shape[2]), bands)
    return _shown(frame, out, bands)


def whole_view(frame: Frame, *, bands: Bands | None = None) -> NDArray[np.uint8]:
    """(3, H, W) uint8 of a frame that has a view: what a network sees of it in full size."""
    if frame.scene is not None:
        light = np.stack([_finite(plane) for plane in frame.scene]) * _WHITE
    else:
        from streammat_kernels.colour import to_rgb

        rgb = np.empty((3, frame.height, frame.width), np.uint16)
        to_rgb(frame.planes, frame.layout, frame.colour, rgb, bands=bands)
        light = rgb.astype(np.float32) * np.float32(255.0 / 65535.0)
    return np.rint(_shown(frame, light, bands)).astype(np.uint8)


def _shown(frame: Frame, rgb: NDArray[np.float32], bands: Bands | None) -> NDArray[np.float32]:
    """Through the frame's table; scene values without one are clipped to what can be shown."""
    if frame.view is not None:
        from streammat_kernels.lut import apply

        return apply(rgb, frame.view, bands=bands)
    return rgb if frame.scene is None else np.clip(rgb, 0.0, _WHITE, out=rgb)


def _scene_view(
    scene: tuple[FloatPlane, ...],
    out: NDArray[np.float32],
    content: tuple[int, int],
    bands: Bands | None,
) -> None:
    from streammat_kernels.resize import area

    rows, columns = content
    for channel, plane in zip(out, scene, strict=True):
        part = channel[:rows, :columns]
        area(_finite(plane), part, bands=bands)
        part *= _WHITE
        channel[:rows, columns:] = part[:, -1:]
        channel[rows:] = channel[rows - 1]


def _finite(plane: FloatPlane) -> NDArray[np.float32]:
    return np.nan_to_num(plane.astype(np.float32), copy=False, nan=0.0, posinf=_LARGEST, neginf=0.0)
