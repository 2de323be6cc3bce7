"""GFM fusion: worked cases, ties, the definition on random maps, refusals."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.errors import ShapeError
from streammat_kernels.fusion import RepresentationMode, fuse, reference


def maps(channels: int, *, tied: bool = False) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    rng = np.random.default_rng(channels)
    glance = rng.random((channels, 33, 47))
    if tied:  # few levels, so that equals are common
        glance = np.round(glance * 2) / 2
    return glance.astype(np.float32), rng.random((33, 47)).astype(np.float32)


def glance_of(*scores: float) -> NDArray[np.float32]:
    return np.array(scores, np.float32).reshape(-1, 1, 1)


@pytest.mark.parametrize("mode", get_args(RepresentationMode))
@pytest.mark.parametrize("tied", [False, True])
def test_equals_the_definition_exactly(mode: RepresentationMode, tied: bool) -> None:
    glance, focus = maps(3 if mode == "tt" else 2, tied=tied)
    expected = reference.fuse(glance, focus, mode).astype(np.float32)
    np.testing.assert_array_equal(fuse(glance, focus, mode), expected)


@pytest.mark.parametrize(
    ("mode", "scores", "expected"),
    [
        ("tt", (0.9, 0.2, 0.1), 0.0),
        ("tt", (0.2, 0.9, 0.1), 0.25),
        ("tt", (0.2, 0.1, 0.9), 1.0),
        ("tt", (0.5, 0.5, 0.5), 0.0),
        ("tt", (0.1, 0.5, 0.5), 0.25),
        ("ft", (0.9, 0.1), 0.25),
        ("ft", (0.1, 0.9), 1.0),
        ("ft", (0.5, 0.5), 0.25),
        ("bt", (0.9, 0.1), 0.0),
        ("bt", (0.1, 0.9), 0.75),
        ("bt", (0.5, 0.5), 0.0),
    ],
)
def test_the_highest_score_decides_and_ties_go_to_the_lowest_channel(
    mode: RepresentationMode, scores: tuple[float, ...], expected: float
) -> None:
    focus = np.full((1, 1), 0.25, np.float32)
    assert fuse(glance_of(*scores), focus, mode)[0, 0] == expected


def test_may_write_over_focus() -> None:
    glance, focus = maps(3)
    expected = fuse(glance, focus)
    assert fuse(glance, focus, "tt", focus) is focus
    np.testing.assert_array_equal(focus, expected)


def test_refuses_maps_of_another_mode_or_type() -> None:
    glance, focus = maps(3)
    with pytest.raises(ShapeError, match=r"glance \(2, h, w\)"):
        fuse(glance, focus, "ft")
    with pytest.raises(ShapeError, match="float32"):
        fuse(glance.astype(np.float64), focus)
    with pytest.raises(ShapeError, match="choose tt, ft or bt"):
        fuse(glance, focus, "xx")  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="contiguous float32"):
        fuse(glance, focus, "tt", np.empty((2, 2), np.float32))
