"""Crops of a batch: by hand, against the definition, mirrored, at the edges, refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streammat_kernels.crops import Crop, crop_flip_resize, reference
from streammat_kernels.errors import ShapeError
from tests.tolerances import CROP_F32


def test_a_case_by_hand() -> None:
    image = np.arange(12, dtype=np.float32).reshape(1, 1, 3, 4)
    out = np.full((1, 1, 1, 2), np.nan, np.float32)
    crop_flip_resize(image, [(0, 1, 4, 2, False)], out)
    assert out.ravel().tolist() == [6.5, 8.5]
    crop_flip_resize(image, [(0, 1, 4, 2, True)], out)
    assert out.ravel().tolist() == [8.5, 6.5]


@settings(deadline=None, max_examples=50)
@given(data=st.data(), number=st.integers(1, 3), seed=st.integers(0, 1000))
def test_equals_the_definition(data: Any, number: int, seed: int) -> None:
    height, width = data.draw(st.integers(1, 17)), data.draw(st.integers(1, 17))
    size = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    crops: list[Crop] = []
    for _ in range(number):
        x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
        across, down = data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y))
        crops.append((x, y, across, down, data.draw(st.booleans())))
    images = np.random.default_rng(seed).normal(size=(number, 2, height, width)).astype(np.float32)
    out = np.full((number, 2, *size), np.nan, np.float32)
    assert crop_flip_resize(images, crops, out) is out
    assert np.abs(out - reference.crop_flip_resize(images, crops, size)).max() <= CROP_F32


def test_more_images_than_a_launch_takes() -> None:
    images = np.random.default_rng(0).random((131, 1, 3, 3), np.float32)
    out = np.full((131, 1, 3, 3), np.nan, np.float32)
    crop_flip_resize(images, [(0, 0, 3, 3, False)] * 131, out)
    assert (out == images).all()


def test_what_lies_outside_the_crop_does_not_matter() -> None:
    images = np.full((1, 1, 9, 9), np.nan, np.float32)
    images[:, :, 2:7, 3:8] = 0.5
    out = np.zeros((1, 1, 4, 11), np.float32)
    assert (np.abs(crop_flip_resize(images, [(3, 2, 5, 5, True)], out) - 0.5) <= CROP_F32).all()


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        ((0, 0, 5, 4, False), "crop 1 is 5x4 at 0,0"),
        ((-1, 0, 2, 2, False), "crop 1 is 2x2 at -1,0"),
        ((0, 0, 0, 2, False), "crop 1 is 0x2"),
    ],
)
def test_crops_that_leave_the_image_are_named(crop: Crop, message: str) -> None:
    images, out = np.zeros((2, 3, 4, 4), np.float32), np.zeros((2, 3, 2, 2), np.float32)
    with pytest.raises(ShapeError, match=message):
        crop_flip_resize(images, [(0, 0, 4, 4, False), crop], out)


def test_wrong_arrays_are_named() -> None:
    images, out = np.zeros((1, 3, 4, 4), np.float32), np.zeros((1, 3, 2, 2), np.float32)
    crops: list[Crop] = [(0, 0, 4, 4, False)]
    with pytest.raises(ShapeError, match="images is float64"):
        crop_flip_resize(images.astype(np.float64), crops, out)
    with pytest.raises(ShapeError, match="out is float32"):
        crop_flip_resize(images, crops, out[0])
    with pytest.raises(ShapeError, match="1 crops of images"):
        crop_flip_resize(images, crops, np.zeros((1, 2, 2, 2), np.float32))
