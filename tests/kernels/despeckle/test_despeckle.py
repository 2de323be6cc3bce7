"""Despeckling: the definition, corners, thin bridges, sizes at the limit, threads."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streammat_kernels import runtime
from streammat_kernels.despeckle import Workspace, despeckle, least_area, reference
from streammat_kernels.errors import ShapeError
from tests.kernels.host_cuda import COMPILER, HostCuda, build

Codes = NDArray[np.uint16]


def drawn(*rows: str) -> Codes:
    """A matte of '.' for 0 and '#' for some alpha."""
    inside = np.array([[mark == "#" for mark in row] for row in rows])
    return np.where(inside, 30000, 0).astype(np.uint16)


def blobs(seed: int, shape: tuple[int, int], share: float = 0.55) -> Codes:
    """Islands of many sizes and forms: near this share everything begins to hang together."""
    dice = np.random.default_rng(seed)
    codes = dice.integers(1, 65536, shape)
    return np.where(dice.random(shape) < share, codes, 0).astype(np.uint16)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.4, 0.45, 0.7, 1.0])
@pytest.mark.parametrize("size_px", [2, 4, 11])
def test_equals_the_definition(share: float, size_px: float) -> None:
    alpha = blobs(3, (70, 131), share)
    expected = reference.despeckle(alpha, size_px)
    np.testing.assert_array_equal(despeckle(alpha, size_px=size_px), expected)


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 99),
    height=st.integers(1, 9),
    width=st.integers(1, 70),
    share=st.sampled_from([0.2, 0.4, 0.6]),
    above=st.sampled_from([0.0, 0.3, 0.99]),
)
def test_any_size_equals_the_definition(
    seed: int, height: int, width: int, share: float, above: float
) -> None:
    alpha = blobs(seed, (height, width), share)
    expected = reference.despeckle(alpha, 3, above)
    np.testing.assert_array_equal(despeckle(alpha, size_px=3, above=above), expected)


def test_corners_join_and_gaps_part() -> None:
    alpha = drawn(
        "##......#",
        "##.....#.",
        "..#...#..",
        "..........."[:9],
        "###..#..#",
    )
    expected = drawn(
        "##.......",
        "##.......",
        "..#......",
        ".........",
        ".........",
    )
    assert least_area(2.4) == 5
    np.testing.assert_array_equal(despeckle(alpha, size_px=2.4), expected)


def test_long_ways_are_one_island() -> None:
    """A spiral and a comb, whose parts are found apart and joined late."""
    spiral = np.zeros((41, 95), np.uint16)
    top, left, bottom, right = 0, 0, 40, 94
    while bottom - top > 2:
        spiral[top, left : right + 1] = spiral[top : bottom + 1, right] = 9
        spiral[bottom, left : right + 1] = spiral[top + 2 : bottom + 1, left] = 9
        spiral[top + 2, left : left + 3] = 9
        top, left, bottom, right = top + 2, left + 2, bottom - 2, right - 2
    comb = np.zeros((41, 95), np.uint16)
    comb[:, ::2], comb[-1] = 7, 7
    for alpha in (spiral, comb):
        pixels = int((alpha > 0).sum())
        across = 2 * np.sqrt(pixels / np.pi)
        np.testing.assert_array_equal(despeckle(alpha, size_px=across - 0.1), alpha)
        assert despeckle(alpha, size_px=across + 0.1).sum() == 0


def test_an_island_as_large_as_the_disc_stays() -> None:
    alpha = np.zeros((30, 100), np.uint16)
    alpha[2:12, 3:13] = 500  # 100 pixels
    alpha[2:12, 30:39], alpha[5, 40:49] = 500, 500  # 90 and 9
    got = despeckle(alpha, size_px=11.28)  # a disc of 99.9
    assert got[:, :20].sum() == 100 * 500
    assert got[:, 20:].sum() == 0


def test_haze_joins_unless_it_is_left_out_and_stays_where_it_is() -> None:
    alpha = np.zeros((20, 40), np.uint16)
    alpha[5:15, 2:12] = 65535
    alpha[8, 12:30] = 600  # a thin bridge of about 1 %
    alpha[7:10, 30:33] = 65535
    np.testing.assert_array_equal(despeckle(alpha, size_px=5), alpha)
    expected = alpha.copy()
    expected[7:10, 30:33] = 0
    np.testing.assert_array_equal(despeckle(alpha, size_px=5, above=0.01), expected)


def test_nothing_to_do_is_a_copy_in_place_too() -> None:
    alpha = blobs(1, (20, 33))
    out = np.empty_like(alpha)
    assert despeckle(alpha, out, size_px=0) is out
    np.testing.assert_array_equal(out, alpha)
    assert despeckle(np.zeros_like(alpha), size_px=999).sum() == 0


def test_workspace_place_and_padded_rows_change_nothing() -> None:
    expected = reference.despeckle(blobs(5, (40, 61)), 6)
    workspace = Workspace(40, 61)
    wide = np.full((40, 80), 77, np.uint16)
    for _ in range(2):
        wide[:, :61] = blobs(5, (40, 61))
        here = wide[:, :61]
        assert despeckle(here, here, size_px=6, workspace=workspace) is here
        np.testing.assert_array_equal(here, expected)
    assert (wide[:, 61:] == 77).all()


def test_refuses_values_out_of_range_and_foreign_arrays() -> None:
    alpha = blobs(1, (4, 5))
    with pytest.raises(ShapeError, match="size_px"):
        despeckle(alpha, size_px=-1)
    with pytest.raises(ShapeError, match="size_px"):
        despeckle(alpha, size_px=float("nan"))
    with pytest.raises(ShapeError, match="above"):
        despeckle(alpha, size_px=3, above=1)
    with pytest.raises(ShapeError, match="out is"):
        despeckle(alpha, alpha[1:], size_px=3)
    wrong: Any = alpha.astype(np.uint8)
    with pytest.raises(ShapeError, match="uint8"):
        despeckle(wrong, size_px=3)


class Crowd(HostCuda):
    """Four threads share the blocks of a launch, as the processors of a GPU do."""

    def __init__(self) -> None:
        super().__init__()
        self._library = ctypes.CDLL(str(build("despeckle", "-DSM_CROWD=4", "-pthread")))

    def _launch(self, kernel: str, grid: tuple[int, int, int], args: tuple[Any, ...]) -> None:
        pointers, kept = runtime.pack(args, self.address)
        getattr(self._library, f"launch_{kernel.partition('.')[2]}")(pointers, *grid)
        del kept


@pytest.mark.cpu_only
@pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
def test_pixels_that_are_joined_at_once_are_joined_rightly(monkeypatch: pytest.MonkeyPatch) -> None:
    crowd = Crowd()
    for seed in range(12):
        alpha = blobs(seed, (90, 200), 0.42)
        expected = despeckle(alpha, size_px=12)
        monkeypatch.setattr(runtime, "stand_in", crowd)
        np.testing.assert_array_equal(despeckle(alpha, size_px=12), expected)
        monkeypatch.setattr(runtime, "stand_in", None)
