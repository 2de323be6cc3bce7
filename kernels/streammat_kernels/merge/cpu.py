"""RIM's merger on the CPU, in NumPy: its planes are small and the sums are NumPy's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from . import MergeWeights

__all__ = ["merge"]


def merge(
    tt: NDArray[np.float32],
    ft: NDArray[np.float32],
    bt: NDArray[np.float32],
    weights: MergeWeights,
    out: NDArray[np.float32],
    workspace: Any,
) -> None:
    """See ``merge.merge``; arguments are checked."""
    del workspace
    means = [float(plane.mean(dtype=np.float64)) for plane in (tt, ft, bt)]
    factors, offset = _collapsed(weights, means)
    np.multiply(tt, np.float32(factors[0]), out=out)
    out += np.float32(factors[1]) * ft
    out += np.float32(factors[2]) * bt
    out += np.float32(offset)


def _collapsed(weights: MergeWeights, means: list[float]) -> tuple[NDArray[np.float64], float]:
    """The three alphas' factors and the constant, for alphas of these means."""
    channels = weights.expand @ np.asarray(means) + weights.expand_bias
    gates = 1 / (1 + np.exp(-(weights.excite @ np.maximum(weights.squeeze @ channels, 0))))
    weighed = weights.reduce * gates
    return weighed @ weights.expand, float(weighed @ weights.expand_bias + weights.reduce_bias[0])
