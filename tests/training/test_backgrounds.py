"""Backgrounds that hide the subject, and pictures whose edge cuts it."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.training import augment
from streammat.training.backgrounds import alike, printed
from streammat.training.cache import Floats

GREY = np.full((90, 120, 3), 100, np.float32)


def subject() -> tuple[Floats, Floats]:
    """A red block, times its alpha, and the alpha."""
    alpha = np.zeros((90, 120), np.float32)
    alpha[20:80, 30:70] = 1
    return alpha[..., None] * np.array([200, 40, 30], np.float32), alpha


def test_signs_change_parts_of_the_background_and_stay_in_range() -> None:
    drawn = [printed(GREY, np.random.default_rng(seed)) for seed in range(12)]
    assert all(np.all(GREY == 100) for _ in drawn), "the caller's image is left alone"
    shares = [np.mean(np.any(picture != 100, axis=2)) for picture in drawn]
    assert 0.02 < np.mean(shares) < 0.9
    for picture in drawn:
        assert picture.shape == GREY.shape
        assert picture.dtype == np.float32
        assert 0 <= picture.min() <= picture.max() <= 255


def test_a_background_moves_towards_the_subjects_colour() -> None:
    colour, alpha = subject()
    ramp = GREY + np.linspace(-50, 50, 120, dtype=np.float32)[None, :, None]
    for seed in range(8):
        moved = alike(ramp, colour, alpha, np.random.default_rng(seed))
        mean = moved.mean((0, 1))
        assert 160 < mean[0] <= 201  # from 100 at least 0.6 of the way to 200
        assert 30 <= mean[2] < 60
        assert moved[..., 1].std() <= ramp[..., 1].std()
        assert 0 <= moved.min() <= moved.max() <= 255


def test_without_a_subject_the_background_stays() -> None:
    nothing = np.zeros((90, 120), np.float32)
    assert alike(GREY, GREY * 0, nothing, np.random.default_rng(0)) is GREY


def test_the_edge_cuts_the_subject_but_leaves_most_of_it() -> None:
    alpha = np.zeros((300, 400), np.uint8)
    alpha[50:250, 100:300] = 255
    pixels = np.repeat(alpha[..., None], 4, axis=2)
    for seed in range(20):
        left = augment.cut_off(pixels, np.random.default_rng(seed))[..., 3]
        share = np.count_nonzero(left) / np.count_nonzero(alpha)
        assert 0.59 < share < 0.91
        border = np.concatenate([left[0], left[:, 0], left[:, -1]])
        assert border.max() == 255, "the subject reaches the edge"


def test_small_pictures_are_not_cut() -> None:
    pixels = np.full((augment.SMALLEST_PX, augment.SMALLEST_PX, 4), 255, np.uint8)
    assert augment.cut_off(pixels, np.random.default_rng(0)) is pixels
