"""The definition of RIM's merger, in NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from . import MergeWeights

__all__ = ["merge"]


def merge(
    tt: NDArray[Any], ft: NDArray[Any], bt: NDArray[Any], weights: MergeWeights
) -> NDArray[np.float64]:
    """See ``streammat_kernels.merge.merge``."""
    alphas = np.stack([tt, ft, bt]).astype(np.float64)
    channels = np.tensordot(weights.expand, alphas, 1) + weights.expand_bias[:, None, None]
    squeezed = np.maximum(weights.squeeze @ channels.mean(axis=(1, 2)), 0)
    gates = 1 / (1 + np.exp(-(weights.excite @ squeezed)))
    alpha: NDArray[np.float64] = np.tensordot(weights.reduce, channels * gates[:, None, None], 1)
    alpha += weights.reduce_bias[0]
    return alpha
