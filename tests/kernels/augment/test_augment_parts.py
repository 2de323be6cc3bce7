from __future__ import annotations

import numpy as np

from streammat_kernels.augment.noise import hashed, noise_levels
from streammat_kernels.augment.plan import line_taps
from streammat_kernels.augment.reference import mirrored
from tests.tolerances import NOISE_MOMENT


def test_noise_levels_are_standard_normal() -> None:
    levels = noise_levels().astype(np.float64)
    assert abs(levels.mean()) < NOISE_MOMENT
    assert abs(levels.std() - 1) < NOISE_MOMENT
    assert (np.diff(levels) > 0).all()


def test_hashed_words_are_spread_evenly_and_differ_by_seed() -> None:
    counter = np.arange(1 << 16, dtype=np.uint32)
    words = hashed(counter, 1)
    counts = np.bincount(words >> np.uint32(28), minlength=16)
    assert counts.min() > 0.9 * counts.mean()
    assert (words == hashed(counter, 2)).mean() < 0.001


def test_taps_of_a_whole_factor_lie_where_opencv_takes_them() -> None:
    half = line_taps(10, 8, 4, False)
    assert half.first.tolist() == [10, 12, 14, 16]
    assert half.second.tolist() == [11, 13, 15, 17]
    assert half.weight.tolist() == [0.5] * 4
    third = line_taps(0, 9, 3, True)
    assert third.first.tolist() == [7, 4, 1]
    assert third.weight.tolist() == [0.0] * 3


def test_mirrored_positions_do_not_repeat_the_border() -> None:
    assert mirrored(np.arange(-3, 7), 4).tolist() == [3, 2, 1, 0, 1, 2, 3, 2, 1, 0]
    assert mirrored(np.arange(-2, 3), 1).tolist() == [0] * 5
