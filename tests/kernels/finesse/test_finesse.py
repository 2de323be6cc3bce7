"""Matte finesse: the definition, radii on known discs, exact ends, order, identity."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.errors import ShapeError
from streammat_kernels.finesse import Workspace, finesse, reference
from tests.tolerances import CODE_ROUNDING, DISC_RADIUS_PX


def matte(seed: int = 0, shape: tuple[int, int] = (40, 61)) -> NDArray[np.uint16]:
    alpha = np.random.default_rng(seed).integers(0, 65536, shape, np.uint16)
    alpha[: shape[0] // 4], alpha[-shape[0] // 4 :] = 0, 65535
    return alpha


def disc(radius: float, size: int = 121) -> NDArray[np.uint16]:
    y, x = np.mgrid[:size, :size] - size // 2
    return np.asarray(np.clip(radius - np.hypot(y, x) + 0.5, 0, 1) * 65535 + 0.5).astype(np.uint16)


def radius_of(alpha: NDArray[np.uint16]) -> float:
    return float(np.sqrt(alpha.sum() / 65535 / np.pi))


@pytest.mark.parametrize(
    "settings",
    [
        {"grow_px": 1.0},
        {"grow_px": 2.7},
        {"shrink_px": 1.3},
        {"grow_px": 0.5, "shrink_px": 3.0},
        {"feather_px": 0.4},
        {"feather_px": 5.0},
        {"feather_px": 90.0},
        {"clip_black": 0.1, "clip_white": 0.8},
        {"roi": (-3, 5, 20, 17)},
        {"grow_px": 1.5, "feather_px": 3.0, "clip_black": 0.2, "roi": (4, 3, 50, 30)},
    ],
)
def test_equals_the_definition(settings: dict[str, Any]) -> None:
    alpha = matte()
    guides: dict[str, Any] = {"garbage": matte(1), "holdout": matte(2)[::-1].copy()}
    no_guides: dict[str, Any] = {}
    for extra in (no_guides, guides):
        expected = reference.finesse(alpha, **settings, **extra)
        assert np.abs(finesse(alpha, **settings, **extra) - expected).max() <= CODE_ROUNDING


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 20), height=st.integers(1, 9), width=st.integers(1, 9))
def test_any_size_equals_the_definition(seed: int, height: int, width: int) -> None:
    alpha = np.random.default_rng(seed).integers(0, 65536, (height, width), np.uint16)
    expected = reference.finesse(alpha, shrink_px=1.4, feather_px=4.0)
    assert np.abs(finesse(alpha, shrink_px=1.4, feather_px=4.0) - expected).max() <= CODE_ROUNDING


@pytest.mark.parametrize("by", [0.25, 0.5, 1.0, 2.5, 6.0])
def test_a_disc_grows_and_shrinks_by_the_radius_fractions_included(by: float) -> None:
    alpha = disc(40.0)
    before = radius_of(alpha)
    tolerance = DISC_RADIUS_PX + 0.04 * by
    assert radius_of(finesse(alpha, grow_px=by)) - before == pytest.approx(by, abs=tolerance)
    assert before - radius_of(finesse(alpha, shrink_px=by)) == pytest.approx(by, abs=tolerance)


def test_the_defaults_give_the_same_array_back() -> None:
    alpha = matte()
    assert finesse(alpha) is alpha
    out = np.empty_like(alpha)
    assert finesse(alpha, out) is out
    np.testing.assert_array_equal(out, alpha)
    np.testing.assert_array_equal(finesse(alpha, grow_px=2, shrink_px=2, roi=(0, 0, 61, 40)), alpha)


def test_clip_makes_exact_ends() -> None:
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    got = finesse(ramp, clip_black=0.1, clip_white=0.9)
    assert (got[ramp <= 0.1 * 65535] == 0).all()
    assert (got[ramp >= 0.9 * 65535] == 65535).all()
    assert (np.diff(got.ravel().astype(np.int64)) >= 0).all()


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 20), feather=st.floats(0.1, 8), grow=st.floats(0, 3))
def test_solid_regions_stay_solid_away_from_edges(seed: int, feather: float, grow: float) -> None:
    alpha = matte(seed, (80, 30))
    got = finesse(alpha, feather_px=feather, shrink_px=grow)
    far = int(np.ceil(3 * feather / 2 + grow)) + 1
    if far < 20:
        assert (got[: 20 - far] == 0).all()
        assert (got[-20 + far :] == 65535).all()


def test_garbage_wins_over_holdout_and_roi_over_both() -> None:
    alpha = np.full((6, 6), 30000, np.uint16)
    full, none = np.full_like(alpha, 65535), np.zeros_like(alpha)
    assert (finesse(alpha, holdout=full) == 65535).all()
    assert (finesse(alpha, garbage=full) == 0).all()
    assert (finesse(alpha, garbage=full, holdout=full) == 0).all()
    np.testing.assert_array_equal(finesse(alpha, garbage=none, holdout=none), alpha)
    inside = finesse(alpha, holdout=full, roi=(1, 2, 3, 2))
    assert inside.sum() == 6 * 65535
    assert (inside[2:4, 1:4] == 65535).all()


def test_bands_workspace_and_padded_rows_change_nothing() -> None:
    alpha = matte()
    wide = np.zeros((40, 80), np.uint16)
    wide[:, :61] = alpha
    settings: dict[str, Any] = {"grow_px": 2.5, "feather_px": 3.0, "clip_black": 0.1}
    expected = finesse(alpha, **settings)
    workspace = Workspace(40, 61)
    with ThreadPoolExecutor(2) as pool:
        bands = Bands(pool, 3)
        for _ in range(2):
            got = finesse(wide[:, :61], workspace=workspace, bands=bands, **settings)
            np.testing.assert_array_equal(got, expected)
    in_place = wide[:, :61]
    finesse(in_place, in_place, **settings)
    np.testing.assert_array_equal(in_place, expected)
    assert (wide[:, 61:] == 0).all()


def test_refuses_values_out_of_range_and_foreign_guides() -> None:
    alpha = matte()
    with pytest.raises(ShapeError, match="grow_px"):
        finesse(alpha, grow_px=-1)
    with pytest.raises(ShapeError, match="feather_px"):
        finesse(alpha, feather_px=float("nan"))
    with pytest.raises(ShapeError, match="clip_black"):
        finesse(alpha, clip_black=0.9, clip_white=0.9)
    with pytest.raises(ShapeError, match="garbage"):
        finesse(alpha, garbage=alpha[1:])
