"""RIM's merger: the alphas of GFM's three representations become one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError

__all__ = ["MergeWeights", "checked_weights", "merge"]

Weights = NDArray[np.float64]


class MergeWeights(NamedTuple):
    """The trained numbers of a merger of C channels, R of them after the squeeze, float64."""

    expand: Weights  # (C, 3): 1x1 convolution of the TT, FT and BT alphas
    expand_bias: Weights  # (C,)
    squeeze: Weights  # (R, C): of the channels' means
    excite: Weights  # (C, R)
    reduce: Weights  # (C,): 1x1 convolution to the alpha
    reduce_bias: Weights  # (1,)


def merge(
    tt: NDArray[np.float32],
    ft: NDArray[np.float32],
    bt: NDArray[np.float32],
    weights: MergeWeights,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Merge three alphas of one picture.

    A 1x1 convolution makes C channels of the three alphas, squeeze-and-excitation weighs each by
    what the channels' means say, a second 1x1 convolution makes the alpha. There is no step that
    bends between the convolutions but the weighing, which is one number a channel: the whole is a
    sum of the three alphas whose factors depend on their means.

    Sources: RoSTa Integration Module of Li et al., "Bridging Composite and Real: Towards End-to-end
    Deep Image Matting", IJCV 2021; squeeze-and-excitation of Hu et al., CVPR 2018.

    Args:
        tt, ft, bt: (h, w) float32, 0..1: fused alphas, see `fusion`.
        weights: as trained; see `checked_weights`.
        out: (h, w) float32, none of the inputs; None makes one.

    Returns:
        ``out``: not clamped, as released: it may leave 0..1.

    Raises:
        ShapeError: shapes or dtypes that do not belong together.
    """
    alphas = (tt, ft, bt)
    for name, plane in zip(("tt", "ft", "bt"), alphas, strict=True):
        if plane.ndim != 2 or plane.shape != tt.shape or plane.dtype != np.float32:
            raise ShapeError(
                f"alpha {name} is {plane.dtype} {plane.shape}; float32 (h, w) of one size is needed"
            )
    if out is None:
        out = np.empty_like(tt)
    elif out.shape != tt.shape or out.dtype != np.float32:
        raise ShapeError(f"out is {out.dtype} {out.shape}; it has to be float32 {tt.shape}")
    factors, offset = _collapsed(weights, [float(plane.mean(dtype=np.float64)) for plane in alphas])
    np.multiply(tt, np.float32(factors[0]), out=out)
    out += np.float32(factors[1]) * ft
    out += np.float32(factors[2]) * bt
    out += np.float32(offset)
    return out


def _collapsed(weights: MergeWeights, means: list[float]) -> tuple[Weights, float]:
    """The three alphas' factors and the constant, for alphas of these means."""
    channels = weights.expand @ np.asarray(means) + weights.expand_bias
    gates = 1 / (1 + np.exp(-(weights.excite @ np.maximum(weights.squeeze @ channels, 0))))
    weighed = weights.reduce * gates
    return weighed @ weights.expand, float(weighed @ weights.expand_bias + weights.reduce_bias[0])


def checked_weights(weights: MergeWeights) -> MergeWeights:
    """``weights`` as float64.

    Raises:
        ShapeError: arrays that do not belong together, or that hold other than finite numbers.
    """
    arrays = MergeWeights(*(np.asarray(array, np.float64) for array in weights))
    channels, reduced = len(arrays.expand_bias), len(arrays.squeeze)
    wanted = ((channels, 3), (channels,), (reduced, channels), (channels, reduced), (channels,))
    for name, array, shape in zip(arrays._fields, arrays, (*wanted, (1,)), strict=True):
        if array.shape != shape or not np.isfinite(array).all():
            raise ShapeError(f"merger {name} is {array.shape}, {shape} of finite numbers expected")
    return arrays
