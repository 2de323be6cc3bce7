"""Windows of weights: they lie inside, sum to one, and equal the definition as matrices."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streammat_kernels import taps
from streammat_kernels.resize import reference

SIZE = st.integers(1, 90)


def dense(filter_taps: taps.Taps, size_in: int) -> np.ndarray:
    matrix = np.zeros((filter_taps.start.size, size_in))
    for row, (start, weights) in enumerate(zip(*filter_taps, strict=True)):
        assert start >= 0
        matrix[row, start : start + weights.size] = weights
    return matrix


@given(SIZE, SIZE, st.sampled_from([("area", taps.area), ("bilinear", taps.bilinear)]))
def test_equal_the_definition(
    size_in: int, size_out: int, how: tuple[str, Callable[[int, int], taps.Taps]]
) -> None:
    expected = getattr(reference, f"{how[0]}_matrix")(size_in, size_out)
    assert np.abs(dense(how[1](size_in, size_out), size_in) - expected).max() <= 1e-6


@given(SIZE, SIZE, st.booleans())
def test_every_output_of_chroma_sums_to_one(luma: int, out: int, cosited: bool) -> None:
    filter_taps = taps.area_of_chroma(luma, out, 2, cosited)
    matrix = dense(filter_taps, -(-luma // 2))
    assert np.abs(matrix.sum(axis=1) - 1).max() <= 1e-6


@pytest.mark.parametrize("ratio", [2, 3, 5])
def test_area_of_a_whole_ratio_reads_no_more_than_it_must(ratio: int) -> None:
    assert taps.area(ratio * 40, 40).weights.shape[1] == ratio
