"""Trimaps as the official training code makes them, and as OpenCV does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streammat.evaluation.trimap import dilate, ellipse, erode, trimap_from_alpha


@pytest.mark.data
def test_trimaps_and_kernels_equal_the_golden_ones(shared_data: Path) -> None:
    path = shared_data.parent / "reference" / "gfm" / "trimap.npz"
    if not path.is_file():
        pytest.skip(f"no golden trimaps at {path}")
    golden = np.load(path)
    alpha = golden["alpha"]
    for kernel in (15, 25, 30):
        np.testing.assert_array_equal(trimap_from_alpha(alpha, kernel), golden[f"trimap{kernel}"])
    for kernel in (25, 50):
        np.testing.assert_array_equal(ellipse(kernel), golden[f"kernel{kernel}"])
    np.testing.assert_array_equal(dilate(alpha != 0, 50), golden["dilate50"] == 255)
    np.testing.assert_array_equal(erode(alpha == 255, 50), golden["erode50"] == 255)


@pytest.mark.parametrize("kernel", [1, 2, 3, 8, 13, 40])
def test_widening_equals_opencv_at_every_border(kernel: int) -> None:
    cv2 = pytest.importorskip("cv2")
    region = np.random.default_rng(kernel).random((21, 34)) > 0.97
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (kernel, kernel))
    np.testing.assert_array_equal(ellipse(kernel), shape)
    wanted = cv2.dilate(region.astype(np.uint8), shape).astype(bool)
    np.testing.assert_array_equal(dilate(region, kernel), wanted)
    wanted = cv2.erode((~region).astype(np.uint8), shape).astype(bool)
    np.testing.assert_array_equal(erode(~region, kernel), wanted)


def test_a_wide_disc_has_all_three_levels() -> None:
    rows, columns = np.mgrid[:80, :80]
    alpha = np.where(np.hypot(rows - 40, columns - 40) < 30, 255, 0).astype(np.uint8)
    trimap = trimap_from_alpha(alpha, 15)
    assert set(np.unique(trimap)) == {0, 128, 255}
    assert trimap[40, 40] == 255
    assert trimap[0, 0] == 0
