"""HDR light to what an SDR screen shows: the EETF of ITU-R BT.2390-10 (5.4.1).

Below the knee nothing changes; above it a Hermite spline in PQ space leads the source's peak to
white. The ratio found for the brightest channel is applied to all three, so hues stay.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.colour.reference import encode, linearise
from streammat_kernels.layout import Transfer

__all__ = ["compressed", "tone_mapped"]

Light = NDArray[np.float64]

_DIFFUSE_WHITE = 203.0 / 10_000.0  # of the PQ scale (BT.2408)
_DARKEST = 1e-6


def tone_mapped(light: Light, peak: float) -> Light:
    """(..., 3) light, 1 = diffuse white, brought to 0..1.

    Args:
        light: negative values (colours outside the gamut) are clipped.
        peak: the brightest that the source may hold; 1 or less changes nothing.
    """
    positive = np.maximum(light, 0.0)
    brightest = positive.max(axis=-1, keepdims=True)
    ratio = compressed(brightest, peak) / np.maximum(brightest, _DARKEST)
    return np.asarray(np.minimum(positive * np.minimum(ratio, 1.0), 1.0))


def compressed(light: Light, peak: float) -> Light:
    """Light 0..``peak`` to 0..1, rising, unchanged below the knee."""
    if peak <= 1.0:
        return np.minimum(light, 1.0)
    source_peak = _to_pq(np.array(peak))
    target = _to_pq(np.array(1.0)) / source_peak
    level = np.minimum(_to_pq(light) / source_peak, 1.0)
    knee = max(1.5 * float(target) - 0.5, 0.0)
    t = np.clip((level - knee) / (1.0 - knee), 0.0, 1.0)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1.0 - knee)
        + (-2 * t**3 + 3 * t**2) * target
    )
    mapped = np.where(level < knee, level, spline) * source_peak
    return np.asarray(linearise(mapped, Transfer.PQ) / _DIFFUSE_WHITE)


def _to_pq(light: Light) -> Light:
    return encode(np.clip(light * _DIFFUSE_WHITE, 0.0, 1.0), Transfer.PQ)
