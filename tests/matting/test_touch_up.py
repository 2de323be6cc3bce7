"""Islands go before finesse; what clip will make 0 joins nothing; buffers follow the size."""

from __future__ import annotations

import numpy as np
import pytest

from streammat.matting.touch_up import TouchUp
from streammat_kernels.finesse import finesse


def matte(height: int = 40, width: int = 60) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    """A subject, an island of 9 pixels, and haze of 10 % that joins them."""
    alpha = np.zeros((height, width), np.uint16)
    alpha[10:30, 5:25] = 65535
    alpha[20, 25:50] = 6553
    alpha[19:22, 50:53] = 65535
    return alpha


def test_an_island_goes_before_the_matte_grows() -> None:
    alpha = matte()
    alpha[20, 25:50] = 0
    whole = alpha.copy()
    whole[19:22, 50:53] = 0
    found = TouchUp()(alpha, None, despeckle_px=5, grow_px=4)
    np.testing.assert_array_equal(found, finesse(whole, grow_px=4))


@pytest.mark.parametrize(("clip_black", "stays"), [(0.05, True), (0.1, False)])
def test_what_will_be_clipped_joins_nothing(clip_black: float, stays: bool) -> None:
    found = TouchUp()(matte(), None, despeckle_px=5, clip_black=clip_black)
    assert bool(found[20, 51]) == stays
    assert found[20, 10] == 65535


def test_mattes_of_several_sizes_and_outputs() -> None:
    touch_up = TouchUp()
    for height, width in ((40, 60), (50, 70), (40, 60)):
        alpha = matte(height, width)
        expected = alpha.copy()
        expected[19:22, 50:53] = 0
        out = np.empty_like(alpha)
        alpha[20, 25:50] = expected[20, 25:50] = 0
        assert touch_up(alpha, out, despeckle_px=5) is out
        np.testing.assert_array_equal(out, expected)
        assert alpha[20, 51] == 65535, "the given matte is the caller's"


def test_nothing_to_do_gives_the_same_array_back() -> None:
    alpha = matte()
    assert TouchUp()(alpha) is alpha
