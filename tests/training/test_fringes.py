"""Hair drawn onto the outline of a subject."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.training.cache import Floats
from streammat.training.fringes import with_fringe

HEIGHT, WIDTH = 120, 160


def subject() -> tuple[Floats, Floats]:
    """A red block in the middle, times its alpha, and the alpha."""
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[30:100, 50:110] = 1
    return alpha[..., None] * np.array([200, 40, 30], np.float32), alpha


def fringed(seed: int) -> tuple[Floats, Floats]:
    return with_fringe(*subject(), np.random.default_rng(seed))


def test_hair_grows_outside_and_the_subject_stays() -> None:
    _, alpha = subject()
    grown = [fringed(seed)[1] for seed in range(12)]
    for after in grown:
        assert after.shape == alpha.shape
        assert after.dtype == np.float32
        assert np.all(after >= alpha - 1e-6)
        assert after.max() <= 1 + 1e-6
    outside = np.array([after[alpha == 0] for after in grown])
    assert np.all((outside > 0.02).any(1)), "every draw grows some"
    soft = (outside > 0.02) & (outside < 0.98)
    assert soft.sum() > 0.9 * (outside > 0.02).sum(), "strands are thinner than a pixel"


def test_hair_has_the_colours_behind_the_outline() -> None:
    _, alpha = subject()
    for seed in range(6):
        colours, after = fringed(seed)
        strong = (alpha == 0) & (after > 0.3)
        red, green, blue = (colours[strong] / after[strong, None]).mean(0)
        assert red > green + 100, seed
        assert red > blue + 100, seed
        assert np.all(colours <= 255 * after[..., None] + 1), "premultiplied"


def test_hair_is_on_the_upper_part_or_everywhere() -> None:
    _, alpha = subject()
    grown = [fringed(seed)[1] for seed in range(20)]
    lowest = [np.flatnonzero(((a > 0.02) & (alpha == 0)).any(1)).max() for a in grown]
    assert min(lowest) < 80
    assert max(lowest) > 95


def test_what_the_pictures_edge_cuts_grows_nothing() -> None:
    alpha = np.ones((HEIGHT, WIDTH), np.float32)
    colours = np.full((HEIGHT, WIDTH, 3), 90, np.float32)
    for nothing in (alpha, alpha * 0):
        premultiplied = colours * nothing[..., None]
        same, after = with_fringe(premultiplied, nothing, np.random.default_rng(1))
        np.testing.assert_array_equal(after, nothing)
        np.testing.assert_array_equal(same, premultiplied)


def test_the_same_draws_give_the_same_hair() -> None:
    for first, second in zip(fringed(5), fringed(5), strict=True):
        np.testing.assert_array_equal(first, second)
