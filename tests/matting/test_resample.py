"""Shrinking and enlarging against golden pictures, SciPy, scikit-image and OpenCV."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.matting.strategies.official import shrink_sample
from streammat.matting.strategies.resample import _blur_bytes, enlarge, shrink, shrink_bytes
from tests.tolerances import FLOAT64, RESAMPLE_F32


def noise(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def reference(shared_data: Path) -> Path:
    folder = shared_data.parent / "reference" / "gfm"
    if not folder.is_dir():
        pytest.skip(f"no golden pictures at {folder}")
    return folder


@pytest.mark.data
def test_shrinking_equals_both_versions_of_the_library(reference: Path) -> None:
    golden = np.load(reference / "resize_primitives.npz")
    with Image.open(reference / "test_image_517x389.png") as image:
        picture = np.asarray(image.convert("RGB"))
    now = shrink(picture, (160, 128))
    assert np.abs(now - golden["img_160x128_new"]).max() < RESAMPLE_F32
    pinned = shrink_bytes(picture, (160, 128))[:64, :64]
    assert np.abs(pinned - golden["img_160x128_0172_win_0_64_0_64"]).max() < RESAMPLE_F32


@pytest.mark.data
def test_enlarged_labels_are_exact_where_they_are_plain(reference: Path) -> None:
    golden = np.load(reference / "resize_primitives.npz")["trimap_up_win_0172"]
    rows, columns = np.mgrid[:160, :128]
    away = np.hypot(rows - 80, columns - 64)
    trimap = np.select([away < 40, away < 60], [1.0, 128 / 255])
    large = enlarge(trimap, (517, 389)) * 255
    np.testing.assert_array_equal(large[200:296, 150:246], golden)
    window = enlarge(trimap, (517, 389), (slice(200, 296), slice(150, 246))) * 255
    np.testing.assert_array_equal(window, golden)
    assert (large == 255).sum() == 47690


@pytest.mark.parametrize("sigma", [0.3, 1.115, 6.0])
@pytest.mark.parametrize("axis", [0, 1])
def test_the_blur_of_bytes_equals_scipy_bit_for_bit(sigma: float, axis: int) -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    for picture in (noise(40, 30), np.full((40, 30, 3), 200, np.uint8)):
        wanted = ndimage.gaussian_filter1d(picture, sigma, axis, mode="mirror")
        np.testing.assert_array_equal(_blur_bytes(picture, sigma, axis), wanted)


@pytest.mark.parametrize("size", [(20, 64), (31, 47), (60, 90)])
def test_any_size_equals_scikit_image(size: tuple[int, int]) -> None:
    transform = pytest.importorskip("skimage.transform")
    picture = noise(61, 97)
    wanted = transform.resize(picture, size) * 255
    assert np.abs(shrink(picture, size) - wanted).max() < 255 * FLOAT64 * 10


def test_tiny_planes_are_enlarged_too() -> None:
    np.testing.assert_array_equal(enlarge(np.ones((1, 1)), (5, 4)), np.ones((5, 4)))


def test_sample_mode_shrinks_as_opencv() -> None:
    cv2 = pytest.importorskip("cv2")
    picture = noise(1101, 1300)
    wanted = cv2.resize(picture, (1275, 1080), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_array_equal(shrink_sample(picture), wanted)
