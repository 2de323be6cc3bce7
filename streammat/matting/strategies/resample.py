"""Shrinking and enlarging for the two-pass strategies, in plain NumPy.

The released GFM code scales with ``skimage.transform.resize``: linear interpolation at pixel
centres, the border mirrored, and before shrinking a Gaussian of sigma = (factor - 1) / 2 an axis.
Version 0.17.2, which it pins, blurs 8-bit pictures in 8 bits and cuts off the fraction after each
axis, so that its networks saw pictures about one grey level darker; `shrink_bytes` does the same.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["enlarge", "shrink", "shrink_bytes"]

_TRUNCATE = 4.0  # the Gaussian ends at four sigma
_ROWS = 256  # rows blurred at a time, so that no float copy of a large picture is made


class _Taps(NamedTuple):
    """Every output sample as a weighted sum: (out, taps) indices and weights."""

    indices: NDArray[np.intp]
    weight: NDArray[np.float64]


def shrink(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float64]:
    """Blur and interpolate (H, W) or (H, W, C) to ``size`` (h, w); values keep their scale."""
    return _resample(picture, size, blur=True)


def enlarge(
    plane: NDArray[Any],
    size: tuple[int, int],
    window: tuple[slice, slice] = (slice(None), slice(None)),
) -> NDArray[np.float64]:
    """Interpolate (h, w) to ``size`` (H, W) without blur; only ``window`` of the result is made."""
    return _resample(plane, size, blur=False, window=window)


def shrink_bytes(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float64]:
    """As `shrink` for 8-bit pictures, the way scikit-image 0.17.2 does it: blurred in 8 bits."""
    blurred = picture
    for axis in (0, 1):
        sigma = _sigma(picture.shape[axis], size[axis])
        if sigma > 0:
            blurred = _blur_bytes(blurred, sigma, axis)
    return _resample(blurred, size, blur=False)


def _resample(
    picture: NDArray[Any],
    size: tuple[int, int],
    *,
    blur: bool,
    window: tuple[slice, slice] = (slice(None), slice(None)),
) -> NDArray[np.float64]:
    rows = _taps(picture.shape[0], size[0], blur, window[0])
    columns = _taps(picture.shape[1], size[1], blur, window[1])
    if size[0] < picture.shape[0]:  # the axis that shrinks most work away goes first
        return _apply(_apply(picture, rows, 0), columns, 1)
    return _apply(_apply(picture, columns, 1), rows, 0)


def _apply(picture: NDArray[Any], taps: _Taps, axis: int) -> NDArray[np.float64]:
    shape = [1] * picture.ndim
    shape[axis] = len(taps.indices)
    out: NDArray[np.float64] | None = None
    for index, weight in zip(taps.indices.T, taps.weight.T, strict=True):
        part = picture.take(index, axis) * weight.reshape(shape)
        out = part if out is None else np.add(out, part, out=out)
    assert out is not None
    return out


def _taps(length: int, out: int, blur: bool, window: slice) -> _Taps:
    """Interpolation between two samples, each the mean of its blurred neighbourhood."""
    position = (np.arange(out)[window] + 0.5) * (length / out) - 0.5
    first = np.floor(position)
    share = (position - first)[:, None]
    sigma = _sigma(length, out) if blur else 0.0
    bell = _bell(sigma)
    radius = len(bell) // 2
    offsets = np.arange(-radius, radius + 2)
    weight = (1 - share) * np.append(bell, 0.0) + share * np.insert(bell, 0, 0.0)
    return _Taps(_mirrored(first[:, None].astype(np.intp) + offsets, length), weight)


def _sigma(length: int, out: int) -> float:
    return max(0.0, (length / out - 1) / 2)


def _bell(sigma: float) -> NDArray[np.float64]:
    if sigma <= 0:
        return np.ones(1)
    radius = int(_TRUNCATE * sigma + 0.5)
    bell = np.exp(-0.5 / (sigma * sigma) * np.arange(-radius, radius + 1) ** 2)
    weights: NDArray[np.float64] = bell / bell.sum()
    return weights


def _mirrored(index: NDArray[np.intp], length: int) -> NDArray[np.intp]:
    """Indices beyond the border reflected at the last sample: -1 is 1."""
    if length == 1:
        return np.zeros_like(index)
    folded: NDArray[np.intp] = np.abs(index) % (2 * (length - 1))
    inside: NDArray[np.intp] = np.minimum(folded, 2 * (length - 1) - folded)
    return inside


def _blur_bytes(picture: NDArray[np.uint8], sigma: float, axis: int) -> NDArray[np.uint8]:
    """Gaussian along one axis with the fraction cut off.

    A flat picture of level n is n or n - 1 afterwards, as rounding of the sum falls; the order of
    summation, from the outermost pair inwards, is therefore SciPy's.
    """
    bell, length = _bell(sigma), picture.shape[axis]
    radius = len(bell) // 2
    out = np.empty_like(picture)
    across = picture if axis == 0 else picture.swapaxes(0, 1)
    target = out if axis == 0 else out.swapaxes(0, 1)
    for start in range(0, length, _ROWS):
        here = np.arange(start, min(start + _ROWS, length))
        total = across[here] * bell[radius]
        for offset in range(-radius, 0):
            before = across[_mirrored(here + offset, length)].astype(np.float64)
            total += (before + across[_mirrored(here - offset, length)]) * bell[radius + offset]
        target[here] = total.astype(np.uint8)
    return out
