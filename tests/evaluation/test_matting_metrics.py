"""Metrics of stills: the official code's numbers to the digit, hand-made cases, properties."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streammat.errors import ConfigError, DependencyError, ShapeError
from streammat.evaluation import edge_band, matting_metrics
from streammat.evaluation.connectivity import conn
from streammat.evaluation.gradient import grad
from tests.tolerances import METRIC_F64

SIDE = 24


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Path:
    folder = shared_data.parent / "reference" / "gfm"
    if not folder.is_dir():
        pytest.skip(f"no golden numbers at {folder}")
    return folder


def square(value: int = 255) -> NDArray[np.uint8]:
    """An opaque square of 8 x 8 in the middle."""
    alpha = np.zeros((SIDE, SIDE), np.uint8)
    alpha[8:16, 8:16] = value
    return alpha


@pytest.mark.data
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_official_numbers_to_the_digit(reference: Path, dtype: type[Any]) -> None:
    inputs = np.load(reference / "metrics_inputs.npz")
    checked = 0
    for case, golden in json.loads((reference / "metrics.json").read_text()).items():
        pred, gt, trimap = (inputs[f"{case}_{part}"] for part in ("pred", "gt", "trimap"))
        found = matting_metrics((pred / 255.0).astype(dtype), gt, trimap).to_json()
        wanted = golden if dtype is np.float64 else golden["float32_pred"]
        for name, value in wanted.items():
            if name.lower() in found:
                assert found[name.lower()] == value, (case, name)
                checked += 1
    assert checked >= (20 if dtype is np.float64 else 6)


def test_a_square_that_is_half_transparent_by_hand() -> None:
    trimap = np.full((SIDE, SIDE), 0, np.uint8)
    trimap[6:18, 6:18] = 128
    trimap[10:14, 10:14] = 255
    found = matting_metrics(np.where(square() > 0, 0.5, 0.0), square(), trimap)
    assert found.sad == 64 * 0.5 / 1000
    assert found.mad == 32 / SIDE**2
    assert found.mse == 16 / SIDE**2
    assert found.sad_fg == 16 * 0.5 / 1000
    assert found.sad_bg == 0
    assert found.sad_tran == 48 * 0.5 / 1000  # the sixteen known pixels were set to 1
    assert found.mad_tran == 24 / 128
    assert found.mse_tran == 12 / 128


def test_connectivity_of_a_loose_piece_by_hand() -> None:
    pred = square()
    pred[0:2, 0:2] = 255  # four opaque pixels that hang loose
    # Their level is 0 (not in the common piece at any threshold), so phi is 1 - 1 against 1 - 0.
    assert conn(pred / 255, square() / 255) == 4 / 1000


def test_an_empty_prediction_scores_nothing_officially_and_everything_by_the_standard() -> None:
    empty, gt = np.zeros((SIDE, SIDE)), square() / 255
    assert conn(empty, gt, "official") == 0
    assert conn(empty, gt, "standard") == 64 / 1000


def test_a_trimap_without_transition_divides_by_nothing_as_published() -> None:
    trimap = square()
    found = matting_metrics(square(), square(), trimap)
    assert math.isnan(found.mse_tran or 0)
    assert found.to_json()["mad_tran"] is None
    assert found.sad_tran == 0


def test_standard_clips_and_counts_the_transition_alone() -> None:
    trimap = np.full((SIDE, SIDE), 0, np.uint8)
    trimap[6:18, 6:18] = 128
    pred = square() / 255
    pred[0, 0] = 1.0  # outside the transition
    pred[12, 12] = 1.5  # clipped
    found = matting_metrics(pred, square(), trimap, "standard")
    assert (found.sad, found.mad, found.grad, found.conn) == (0, 0, 0, 0)
    assert matting_metrics(pred, square(), trimap).sad == 1.5 / 1000


def test_the_standard_gradient_of_a_ramp_by_its_definition() -> None:
    slope = 1 / SIDE
    ramp = np.tile(np.arange(SIDE) * slope, (SIDE, 1))
    inner = np.zeros((SIDE, SIDE), np.bool_)
    inner[8:16, 8:16] = True
    x = np.arange(-4, 5)
    bell = np.exp(-(x**2) / (2 * 1.4**2))
    kernel = np.outer(bell, x * bell)
    gain = np.sum(kernel * x) / np.sqrt(np.sum(kernel**2))  # a filter of unit energy
    found = grad(ramp, np.zeros_like(ramp), "standard", inner)
    assert found == pytest.approx(64 * (gain * slope) ** 2 / 1000, rel=METRIC_F64)


def test_the_edge_band_reaches_ten_pixels_from_a_hard_edge() -> None:
    gt = np.zeros((5, 40))
    gt[:, 20:] = 1
    band = edge_band(gt)
    assert list(np.flatnonzero(band[2])) == list(range(9, 31))
    assert not edge_band(np.ones((5, 5))).any()


def test_errors_far_from_the_edge_are_not_in_the_band() -> None:
    gt = np.zeros((60, 60))
    gt[20:40, 20:40] = 1
    far, near = gt.copy(), gt.copy()
    far[0:3, 0:3] = 1
    near[17:20, 20:40] = 1
    assert matting_metrics(far, gt).mad_edge == 0
    assert matting_metrics(far, gt).mad > 0
    assert (matting_metrics(near, gt).mad_edge or 0) > matting_metrics(near, gt).mad
    assert matting_metrics(gt * 0, gt * 0).mad_edge is None


alphas = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (9, 11), dtype=np.uint8)
)


@settings(max_examples=20, deadline=None)
@given(alphas, alphas)
def test_no_error_without_difference_and_the_same_either_way_round(
    a: NDArray[np.uint8], b: NDArray[np.uint8]
) -> None:
    own = matting_metrics(a, a)
    assert (own.sad, own.mse, own.mad, own.grad, own.conn) == (0, 0, 0, 0, 0)
    there, back = matting_metrics(a, b), matting_metrics(b, a)
    for name in ("sad", "mse", "mad", "grad", "conn"):
        assert getattr(there, name) == pytest.approx(getattr(back, name), rel=METRIC_F64)
    assert there.mad == pytest.approx(there.sad * 1000 / a.size, rel=METRIC_F64)


def test_sixteen_bits_are_full_scale() -> None:
    wide = square().astype(np.uint16) * 257
    assert matting_metrics(wide, square()).sad == 0


@pytest.mark.parametrize(
    ("pred", "gt", "message"),
    [
        (np.zeros((4, 4)), np.zeros((4, 5)), "make them one size"),
        (np.zeros((4, 4, 1)), np.zeros((4, 4, 1)), r"an array \(H, W\)"),
        (np.zeros((4, 4), np.int32), np.zeros((4, 4)), "int32: use uint8"),
    ],
)
def test_what_does_not_fit_is_refused(pred: NDArray[Any], gt: NDArray[Any], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        matting_metrics(pred, gt)


def test_an_unknown_convention_and_a_wrong_trimap_are_refused() -> None:
    with pytest.raises(ConfigError, match="official or standard"):
        matting_metrics(square(), square(), convention="own")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="trimap is float64"):
        matting_metrics(square(), square(), square() / 255)


def test_without_scipy_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.ndimage", None)
    with pytest.raises(DependencyError, match=r"streammat\[eval\]"):
        matting_metrics(square(), square())
