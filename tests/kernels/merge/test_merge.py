"""RIM's merger against its definition, a case by hand, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.errors import ShapeError
from streammat_kernels.merge import WORKSPACE, MergeWeights, checked_weights, merge
from streammat_kernels.merge.reference import merge as defined
from tests.tolerances import MERGED_F32


def weights(seed: int = 0, channels: int = 16, reduced: int = 4) -> MergeWeights:
    draw = np.random.default_rng(seed).standard_normal
    return MergeWeights(
        draw((channels, 3)),
        draw(channels),
        draw((reduced, channels)),
        draw((channels, reduced)),
        draw(channels),
        draw(1),
    )


Plane = NDArray[np.float32]


def alphas(height: int, width: int) -> tuple[Plane, Plane, Plane]:
    rng = np.random.default_rng(height * width)
    tt, ft, bt = (rng.random((height, width), np.float32) ** k for k in (1, 2, 3))
    return tt, ft, bt


def test_one_channel_by_hand() -> None:
    """expand 2 tt + 1, its mean 2, squeeze 2, excite 2 -> 4: 3 x gate x (2 tt + 1) - 1."""
    by_hand = MergeWeights(
        np.array([[2.0, 0.0, 0.0]]),
        np.array([1.0]),
        np.array([[1.0]]),
        np.array([[2.0]]),
        np.array([3.0]),
        np.array([-1.0]),
    )
    tt = np.array([[0.25, 0.75]], np.float32)
    gate = 1 / (1 + np.exp(-4.0))
    found = merge(tt, np.ones_like(tt), np.ones_like(tt), by_hand)
    np.testing.assert_allclose(found, 3 * gate * np.array([[1.5, 2.5]]) - 1, atol=MERGED_F32)


@pytest.mark.parametrize("size", [(1, 1), (3, 5), (64, 96)])
def test_it_equals_the_definition_and_writes_every_sample(size: tuple[int, int]) -> None:
    given = alphas(*size)
    before = [plane.copy() for plane in given]
    out = np.full(size, np.nan, np.float32)
    assert merge(*given, weights(), out) is out
    np.testing.assert_allclose(out, defined(*given, weights()), atol=MERGED_F32)
    for plane, kept in zip(given, before, strict=True):
        np.testing.assert_array_equal(plane, kept)


def test_padded_rows_are_taken_and_nothing_beside_out_is_written() -> None:
    given, wide = alphas(70, 9), np.full((4, 70, 14), np.nan, np.float32)
    for plane, whole in zip(given, wide, strict=False):
        whole[:, 2:11] = plane
    tt, ft, bt, out = (whole[:, 2:11] for whole in wide)
    workspace = np.full(WORKSPACE, np.nan)
    assert merge(tt, ft, bt, weights(), out, workspace=workspace) is out
    np.testing.assert_allclose(out, defined(*given, weights()), atol=MERGED_F32)
    assert np.isnan(wide[3, :, :2]).all()
    assert np.isnan(wide[3, :, 11:]).all()


def test_many_channels_are_merged_alike() -> None:
    given, many = alphas(5, 8), weights(5, channels=70, reduced=35)
    exact = defined(*given, many)
    scale = float(np.abs(exact).max())
    np.testing.assert_allclose(merge(*given, many) / scale, exact / scale, atol=MERGED_F32)


def test_a_negative_squeeze_is_cut_off() -> None:
    given, made = alphas(4, 4), weights(3)
    shut = made._replace(squeeze=-1e3 * np.ones((4, 16)), expand=np.abs(made.expand))
    shut = shut._replace(expand_bias=np.abs(made.expand_bias))
    halves = merge(*given, shut)  # every gate is sigmoid(0)
    np.testing.assert_allclose(halves, defined(*given, shut), atol=MERGED_F32)
    factors = 0.5 * shut.reduce @ shut.expand
    plain = sum(f * a for f, a in zip(factors, given, strict=True))
    offset = 0.5 * shut.reduce @ shut.expand_bias + shut.reduce_bias[0]
    np.testing.assert_allclose(halves, plain + offset, atol=MERGED_F32)


@pytest.mark.parametrize(
    "change",
    [
        {"expand": np.zeros((16, 2))},
        {"squeeze": np.zeros((4, 15))},
        {"reduce": np.full(16, np.nan)},
        {"reduce_bias": np.zeros(2)},
    ],
)
def test_weights_that_do_not_belong_together_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match=next(iter(change))):
        checked_weights(weights()._replace(**change))


def test_planes_that_do_not_belong_together_are_refused() -> None:
    tt, ft, bt = alphas(4, 6)
    with pytest.raises(ShapeError, match="alpha ft"):
        merge(tt, ft[:2], bt, weights())
    with pytest.raises(ShapeError, match="alpha bt is float64"):
        merge(tt, ft, bt.astype(np.float64), weights())
    with pytest.raises(ShapeError, match="workspace is float64"):
        merge(tt, ft, bt, weights(), workspace=np.zeros(3))
    with pytest.raises(ShapeError, match="out"):
        merge(tt, ft, bt, weights(), np.empty((2, 2), np.float32))
