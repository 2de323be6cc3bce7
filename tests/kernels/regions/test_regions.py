from __future__ import annotations

import numpy as np
import pytest

from streammat_kernels.errors import ShapeError
from streammat_kernels.regions import sampled_levels
from streammat_kernels.regions.ellipse import ellipse_element
from streammat_kernels.regions.reference import dilate, erode, region_maps


def test_ellipses_are_those_of_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    for size in range(1, 64):
        wanted = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        assert np.array_equal(ellipse_element(size), wanted), size


@pytest.mark.parametrize("size", [4, 25, 50])
def test_dilation_and_erosion_are_those_of_opencv(size: int) -> None:
    cv2 = pytest.importorskip("cv2")
    region = np.zeros((70, 90), np.uint8)
    region[20:50, 30:60] = 1
    region[0, 5] = region[69, 89] = 1
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    solid = region.astype(bool)
    assert np.array_equal(dilate(solid, size), cv2.dilate(region, element).astype(bool))
    assert np.array_equal(erode(solid, size), cv2.erode(region, element).astype(bool))


@pytest.mark.parametrize("size", [(1, 1), (7, 200), (90, 131)])
@pytest.mark.parametrize("elements", [(1, 2), (9, 20), (25, 50), (126, 3)])
def test_levels_equal_the_reference(size: tuple[int, int], elements: tuple[int, int]) -> None:
    random = np.random.default_rng(4)
    alpha = np.zeros(size, np.uint8)
    alpha[size[0] // 4 : -(size[0] // 4) or None, size[1] // 3 : size[1] // 3 * 2 + 1] = 255
    speckle = random.random(size) < 0.01
    alpha[speckle] = random.integers(0, 256, int(speckle.sum()))
    rows = np.arange(size[0] // 3, size[0], 2, dtype=np.int32)
    columns = np.arange(0, size[1], 3, dtype=np.int32)
    found = sampled_levels(alpha, rows, columns, trimap_px=elements[0], rosta_px=elements[1])
    wanted = (alpha, *region_maps(alpha, elements))
    for got, want in zip(found, wanted, strict=True):
        assert np.array_equal(got, want[rows[:, None], columns])


def test_elements_that_are_too_large_are_refused() -> None:
    place = np.zeros(1, np.int32)
    with pytest.raises(ShapeError, match="rosta_px is 127"):
        sampled_levels(np.zeros((4, 4), np.uint8), place, place, rosta_px=127)
