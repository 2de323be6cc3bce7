"""Matte finesse: clip, grow or shrink, feather, then what must be in and what must be out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..dispatch import backend, empty, is_cuda, takes_any_array
from ..errors import ShapeError
from ..planes import padded
from .plan import gaussian_weights, growth_steps, step_samples

__all__ = ["Workspace", "finesse"]

_NONE: NDArray[np.uint16] = np.zeros((0, 0), np.uint16)


class Workspace:
    """Two float32 planes of the frame's size, kept from frame to frame."""

    __slots__ = ("first", "second")

    def __init__(self, height: int, width: int, like: Any = None) -> None:
        """``like`` is an array on the device where the planes are to lie; None is host memory."""
        place = np.empty(0) if like is None else like
        self.first: NDArray[np.float32] = empty((height, width), np.float32, place)
        self.second: NDArray[np.float32] = empty((height, width), np.float32, place)

    def swap(self) -> None:
        """The result becomes the source of the next step."""
        self.first, self.second = self.second, self.first


@takes_any_array
def finesse(
    alpha: NDArray[np.uint16],
    out: NDArray[np.uint16] | None = None,
    *,
    grow_px: float = 0.0,
    shrink_px: float = 0.0,
    feather_px: float = 0.0,
    clip_black: float = 0.0,
    clip_white: float = 1.0,
    garbage: NDArray[np.uint16] | None = None,
    holdout: NDArray[np.uint16] | None = None,
    roi: tuple[int, int, int, int] | None = None,
    workspace: Workspace | None = None,
    bands: Bands | None = None,
) -> NDArray[np.uint16]:
    """Correct a matte by hand, in this order.

    1. clip: (alpha - clip_black) / (clip_white - clip_black), limited to 0..1, so noise in the
       background and in the subject becomes exactly 0 and 1;
    2. grow by ``grow_px - shrink_px``: dilation of the bilinear alpha surface by a disc, so
       fractions of a pixel count; a negative sum erodes, which is the dilation of 1 - alpha;
    3. feather: Gaussian of sigma ``feather_px`` / 2;
    4. holdout: 65535 forces alpha to 1 (greys: at least that much);
    5. garbage: 65535 forces alpha to 0 (greys: at most 1 - that), also over holdout;
    6. roi: alpha is 0 outside.

    Args:
        alpha: (H, W) uint16, 65535 = opaque.
        out: (H, W) uint16 to write into; may be ``alpha`` itself. None makes one, or returns
            ``alpha`` itself when there is nothing to do.
        grow_px, shrink_px, feather_px: 0 or more, in pixels of the full frame.
        clip_black, clip_white: 0 <= clip_black < clip_white <= 1.
        garbage, holdout: (H, W) uint16, 65535 = in force.
        roi: x, y, width, height in pixels; may reach beyond the frame.
        workspace: kept by the caller to avoid allocation; None makes one where it is needed.
        bands: row bands on a pool; None is serial.

    Returns:
        ``out``. With the default values it is alpha bit for bit.

    Raises:
        ShapeError: values out of range or arrays that do not belong together.
    """
    _check(alpha, out, grow_px, shrink_px, feather_px, clip_black, clip_white, garbage, holdout)
    grown = grow_px - shrink_px
    clipped = (clip_black, clip_white) != (0.0, 1.0)
    if not (grown or feather_px or clipped or roi) and garbage is None and holdout is None:
        return _copy(alpha, out)
    out = empty(alpha.shape, np.uint16, alpha) if out is None else out
    in_one_go = is_cuda(alpha) and not (grown or feather_px)  # a GPU then needs no planes
    if not in_one_go and (workspace is None or workspace.first.shape != alpha.shape):
        height, width = alpha.shape
        workspace = Workspace(height, width, alpha)
    if is_cuda(alpha):
        clip, steps = (clip_black, clip_white), (grown, feather_px)
        backend(__name__, alpha).finesse(alpha, out, *steps, clip, holdout, garbage, roi, workspace)
        return out
    assert workspace is not None
    _load(alpha, workspace, clip_black, clip_white, grown < 0, bands)
    _grow(workspace, abs(grown), bands)
    if feather_px > 0:
        _feather(workspace, feather_px, bands)
    _store(workspace, out, grown < 0, holdout, garbage, roi, bands)
    return out


def _check(
    alpha: NDArray[Any],
    out: NDArray[Any] | None,
    grow_px: float,
    shrink_px: float,
    feather_px: float,
    clip_black: float,
    clip_white: float,
    garbage: NDArray[Any] | None,
    holdout: NDArray[Any] | None,
) -> None:
    if alpha.ndim != 2 or alpha.dtype != np.uint16:
        raise ShapeError(f"alpha is {alpha.dtype} {alpha.shape}; it has to be (H, W) uint16")
    for name, array in (("out", out), ("garbage", garbage), ("holdout", holdout)):
        if array is not None and (array.shape != alpha.shape or array.dtype != np.uint16):
            raise ShapeError(
                f"{name} is {array.dtype} {array.shape}; it has to be uint16 {alpha.shape}"
            )
    for name, value in (("grow_px", grow_px), ("shrink_px", shrink_px), ("feather_px", feather_px)):
        if not 0 <= value < 1000:
            raise ShapeError(f"{name} is {value}; it has to be 0 or more, and below 1000 pixels")
    if not 0 <= clip_black < clip_white <= 1:
        raise ShapeError(
            f"clip_black {clip_black} and clip_white {clip_white}; allowed: 0 <= black < white <= 1"
        )


def _copy(alpha: NDArray[np.uint16], out: NDArray[np.uint16] | None) -> NDArray[np.uint16]:
    if out is None or out is alpha:
        return alpha
    out[...] = alpha
    return out


def _load(
    alpha: NDArray[np.uint16],
    workspace: Workspace,
    clip_black: float,
    clip_white: float,
    inverted: bool,
    bands: Bands | None,
) -> None:
    from .cpu import load

    source, plane = padded(alpha), workspace.first
    black, gain = np.float32(clip_black * 65535), np.float32(1 / (clip_white - clip_black))

    def band(first_row: int, end_row: int) -> None:
        load(source, plane, black, gain, inverted, first_row, end_row)

    run_bands(band, alpha.shape[0], bands)


def _grow(workspace: Workspace, radius_px: float, bands: Bands | None) -> None:
    from .cpu import grow_step

    for radius in growth_steps(radius_px):
        samples = step_samples(radius).astype(np.float32)
        source, target = workspace.first, workspace.second

        def band(first_row: int, end_row: int) -> None:
            grow_step(source, target, samples, first_row, end_row)  # noqa: B023 - run before the next

        run_bands(band, source.shape[0], bands)
        workspace.swap()


def _feather(workspace: Workspace, radius_px: float, bands: Bands | None) -> None:
    from .cpu import blur_columns, blur_rows

    weights = gaussian_weights(radius_px)
    first, second = workspace.first, workspace.second
    rows = first.shape[0]
    run_bands(lambda start, end: blur_rows(first, second, weights, start, end), rows, bands)
    run_bands(lambda start, end: blur_columns(second, first, weights, start, end), rows, bands)


def _store(
    workspace: Workspace,
    out: NDArray[np.uint16],
    inverted: bool,
    holdout: NDArray[np.uint16] | None,
    garbage: NDArray[np.uint16] | None,
    roi: tuple[int, int, int, int] | None,
    bands: Bands | None,
) -> None:
    from .cpu import store

    height, width = out.shape
    x, y, w, h = roi if roi is not None else (0, 0, width, height)
    edges = np.array([x, y, x + w, y + h], np.int64)
    plane, target = workspace.first, padded(out, output=True)
    inside = _NONE if holdout is None else padded(holdout)
    outside = _NONE if garbage is None else padded(garbage)

    def band(first_row: int, end_row: int) -> None:
        store(plane, target, inverted, inside, outside, edges, first_row, end_row)

    run_bands(band, height, bands)
