"""RIM's merger: the alphas of GFM's three representations become one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, takes_any_array
from ..errors import ShapeError
from .workspace import WORKSPACE

__all__ = ["WORKSPACE", "MergeWeights", "checked_weights", "merge"]

Weights = NDArray[np.float64]


class MergeWeights(NamedTuple):
    """The trained numbers of a merger of C channels, R of them after the squeeze, float64."""

    expand: Weights  # (C, 3): 1x1 convolution of the TT, FT and BT alphas
    expand_bias: Weights  # (C,)
    squeeze: Weights  # (R, C): of the channels' means
    excite: Weights  # (C, R)
    reduce: Weights  # (C,): 1x1 convolution to the alpha
    reduce_bias: Weights  # (1,)


@takes_any_array
def merge(
    tt: NDArray[np.float32],
    ft: NDArray[np.float32],
    bt: NDArray[np.float32],
    weights: MergeWeights,
    out: NDArray[np.float32] | None = None,
    *,
    workspace: NDArray[np.float64] | None = None,
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
        weights: as trained, in host memory; see `checked_weights`.
        out: (h, w) float32, none of the inputs; None makes one.
        workspace: (WORKSPACE,) float64 of the GPU, overwritten, so that a call allocates nothing;
            None takes it from CuPy's pool. Means nothing on the CPU.

    Returns:
        ``out``: not clamped, as released: it may leave 0..1.

    Raises:
        ShapeError: shapes or dtypes that do not belong together.
    """
    for name, plane in zip(("tt", "ft", "bt"), (tt, ft, bt), strict=True):
        fits = plane.ndim == 2 and plane.shape == tt.shape and 0 not in plane.shape
        if not fits or plane.dtype != np.float32:
            raise ShapeError(
                f"alpha {name} is {plane.dtype} {plane.shape}; float32 (h, w) of one size is needed"
            )
    if out is None:
        out = empty(tt.shape, np.float32, tt)
    elif out.shape != tt.shape or out.dtype != np.float32:
        raise ShapeError(f"out is {out.dtype} {out.shape}; it has to be float32 {tt.shape}")
    if workspace is not None and (workspace.shape != (WORKSPACE,) or workspace.dtype != np.float64):
        raise ShapeError(
            f"workspace is {workspace.dtype} {workspace.shape}; float64 ({WORKSPACE},) is needed"
        )
    backend(__name__, tt).merge(tt, ft, bt, weights, out, workspace)
    return out


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
