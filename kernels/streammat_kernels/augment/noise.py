"""Noise that is a function of place: the same pixel gets the same noise, whatever the crop.

A counter (pixel and channel) is hashed together with a seed; the top 12 bits choose one of 4,096
equally likely levels of the normal distribution. The levels have mean 0 and variance 1 exactly.
The hash is Chris Wellons' "lowbias32" (public domain), a mixer of 32-bit words.
"""

from __future__ import annotations

from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVEL_BITS", "hashed", "mixed_seed", "noise_levels"]

LEVEL_BITS = 12


@cache
def noise_levels() -> NDArray[np.float32]:
    """(4096,) levels of the standard normal distribution, ascending."""
    count = 1 << LEVEL_BITS
    normal = NormalDist()
    levels = np.array([normal.inv_cdf((i + 0.5) / count) for i in range(count)])
    return np.asarray(levels / levels.std(), np.float32)


def mixed_seed(seed: int) -> np.uint32:
    """The seed spread over 32 bits, so that neighbouring seeds share no pattern."""
    return np.uint32((seed * 0x9E3779B9 + 0x7F4A7C15) & 0xFFFFFFFF)


def hashed(counter: NDArray[np.uint32], seed: int) -> NDArray[np.uint32]:
    """Mixed 32-bit words of ``counter`` under ``seed``."""
    word = counter ^ mixed_seed(seed)
    word = (word ^ (word >> np.uint32(16))) * np.uint32(0x7FEB352D)
    word = (word ^ (word >> np.uint32(15))) * np.uint32(0x846CA68B)
    return np.asarray(word ^ (word >> np.uint32(16)), np.uint32)
