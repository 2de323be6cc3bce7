"""Planes seen with their padding, checked against layouts, made as FFmpeg would."""

from __future__ import annotations

import numpy as np
import pytest

from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Family, PixelLayout
from streammat_kernels.planes import check_planes, chroma_rows, empty_planes, padded
from tests.kernels.pictures import LAYOUTS, name


def test_padding_becomes_columns_without_a_copy() -> None:
    whole = np.arange(40, dtype=np.uint16).reshape(4, 10)
    view = padded(whole[:, 2:7])
    assert view.shape == (4, 10)
    assert view.flags.c_contiguous
    assert (view[:, :5] == whole[:, 2:7]).all()
    view[1, 0] = 999
    assert whole[1, 2] == 999


def test_one_row_needs_no_stride() -> None:
    whole = np.arange(10, dtype=np.uint8).reshape(2, 5)
    assert padded(whole[1::-1][:1]).tolist() == [[5, 6, 7, 8, 9]]


def test_the_view_keeps_the_memory_alive() -> None:
    view = padded(np.full((300, 300), 7, np.uint8)[:, :299])
    assert (view[:299] == 7).all()


@pytest.mark.parametrize("step", [(-1, 1), (1, -1), (1, 2)])
def test_scattered_samples_are_copied_for_input_and_refused_for_output(
    step: tuple[int, int],
) -> None:
    plane = np.arange(48, dtype=np.uint8).reshape(6, 8)[:: step[0], :: step[1]]
    assert (padded(plane)[:, : plane.shape[1]] == plane).all()
    with pytest.raises(ShapeError, match="side by side"):
        padded(plane, output=True)


def test_broadcast_rows_are_copied() -> None:
    plane = np.broadcast_to(np.arange(5, dtype=np.uint8), (3, 5))
    assert (padded(plane) == plane).all()


def test_interleaved_chroma_is_two_views_of_step_two() -> None:
    layout = PixelLayout(Family.SEMIPLANAR)
    planes = empty_planes(layout, 5, 7)
    planes[1][..., 0] = 10
    planes[1][..., 1] = 20
    u, v, step = chroma_rows(planes, layout)
    assert step == 2
    assert (u[:, 0:8:2] == 10).all()
    assert (v[:, 0:8:2] == 20).all()


@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_made_planes_fit_their_layout(layout: PixelLayout) -> None:
    planes = empty_planes(layout, 5, 7)
    assert check_planes(planes, layout) == (5, 7)
    assert all(plane.strides[0] % 64 == 0 for plane in planes)


def test_an_empty_picture_is_refused() -> None:
    with pytest.raises(ShapeError, match="1x1 or more"):
        check_planes([np.empty((0, 4), np.uint8)], PixelLayout(Family.GRAY))
    with pytest.raises(ShapeError, match="1x1 or more"):
        check_planes([], PixelLayout(Family.GRAY))
