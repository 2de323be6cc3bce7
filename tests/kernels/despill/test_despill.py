"""Despill: the definition, a worked case, what must not change, refusals."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streammat_kernels.despill import despill, reference
from streammat_kernels.errors import ShapeError
from tests.tolerances import CODE_ROUNDING


def picture(seed: int = 0) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, 65536, (3, 21, 35), np.uint16)
    alpha = rng.integers(0, 65536, (21, 35), np.uint16)
    alpha[:5], alpha[5:9] = 0, 65535
    return rgb, alpha


@pytest.mark.parametrize("screen", ["green", "blue"])
@pytest.mark.parametrize("amount", [0.3, 1.0])
def test_equals_the_definition(screen: Literal["green", "blue"], amount: float) -> None:
    rgb, alpha = picture()
    expected = reference.despill(rgb, alpha, screen=screen, amount=amount)
    got = despill(rgb, alpha, screen=screen, amount=amount)
    assert np.abs(got - expected).max() <= CODE_ROUNDING


def test_green_edge_falls_to_the_mean_of_red_and_blue() -> None:
    rgb = np.array([10000, 50000, 20000], np.uint16).reshape(3, 1, 1)
    half = np.full((1, 1), 32768, np.uint16)
    assert despill(rgb, half)[:, 0, 0].tolist() == [10000, 15000, 20000]


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 50), amount=st.floats(0, 1))
def test_only_lowers_the_screen_channel_and_never_below_the_mean_of_the_others(
    seed: int, amount: float
) -> None:
    rgb, alpha = picture(seed)
    got = despill(rgb, alpha, amount=amount)
    np.testing.assert_array_equal(got[::2], rgb[::2])
    assert (got[1] <= rgb[1]).all()
    mean = (rgb[0].astype(np.float64) + rgb[2]) / 2
    assert (got[1] >= np.minimum(rgb[1], mean) - CODE_ROUNDING).all()


def test_opaque_pixels_and_amount_0_keep_every_bit() -> None:
    rgb, alpha = picture()
    np.testing.assert_array_equal(despill(rgb, alpha)[:, 5:9], rgb[:, 5:9])
    np.testing.assert_array_equal(despill(rgb, alpha, amount=0), rgb)


def test_works_in_place() -> None:
    rgb, alpha = picture()
    expected = despill(rgb, alpha)
    assert despill(rgb, alpha, rgb) is rgb
    np.testing.assert_array_equal(rgb, expected)


def test_refuses_what_does_not_belong_together() -> None:
    rgb, alpha = picture()
    with pytest.raises(ShapeError, match="choose green or blue"):
        despill(rgb, alpha, screen="red")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match=r"0\.\.1"):
        despill(rgb, alpha, amount=1.5)
    with pytest.raises(ShapeError, match=r"\(3, H, W\)"):
        despill(rgb, alpha[1:])
    with pytest.raises(ShapeError, match="uint16"):
        despill(rgb, alpha, np.empty((3, 1, 1), np.uint16))
