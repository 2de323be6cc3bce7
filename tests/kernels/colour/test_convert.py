"""Planes to planes: exact copies, depths, ranges, grids, and the way over R'G'B'."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from streammat_kernels import colour
from streammat_kernels.colour import reference
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Colour, Family, Matrix, PixelLayout, Siting, Transfer
from tests.kernels.pictures import (
    LAYOUTS,
    YUV_LAYOUTS,
    colour_name,
    framed_planes,
    name,
    random_planes,
)
from tests.tolerances import COLOUR_F32, COLOUR_VIA_RGB, HALF_CODE

SAME_MATRIX = (
    Colour(Matrix.BT709, False, Siting.LEFT),
    Colour(Matrix.BT709, True, Siting.CENTER),
    Colour(Matrix.BT709, False, Siting.TOPLEFT),
)


@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_same_layout_and_colour_is_a_copy_bit_for_bit(layout: PixelLayout) -> None:
    planes = random_planes(layout, 7, 9)
    out, frames = framed_planes(layout, 7, 9)
    colour.convert(planes, layout, Colour(), layout, Colour(), out)
    assert all((a == b).all() for a, b in zip(planes, out, strict=True))
    assert all(frame.untouched() for frame in frames)


@pytest.mark.parametrize(
    ("coding", "to_coding"), list(itertools.product(SAME_MATRIX, repeat=2)), ids=colour_name
)
def test_same_matrix_equals_the_definition(coding: Colour, to_coding: Colour) -> None:
    for layout, to_layout in itertools.product(YUV_LAYOUTS, repeat=2):
        planes = random_planes(layout, 5, 8)
        out, frames = framed_planes(to_layout, 5, 8)
        colour.convert(planes, layout, coding, to_layout, to_coding, out)
        expected = reference.convert(planes, layout, coding, to_layout, to_coding)
        for plane, values in zip(out, expected, strict=True):
            error = np.abs((plane >> to_layout.shift) - values).max()
            assert error <= HALF_CODE + COLOUR_F32, (name(layout), name(to_layout))
        assert all(frame.untouched() for frame in frames)


@pytest.mark.parametrize(
    ("layout", "to_layout"),
    [
        (PixelLayout(), PixelLayout(Family.RGB, 1, 1, 8)),
        (PixelLayout(Family.RGB, 1, 1, 8, alpha=True), PixelLayout(bits=10, alpha=True)),
        (PixelLayout(Family.PLANAR, 2, 1, 10), PixelLayout(Family.SEMIPLANAR)),
        (PixelLayout(Family.RGB, 1, 1, 12), PixelLayout(Family.GRAY, 1, 1, 8)),
    ],
)
def test_other_matrix_goes_over_rgb(layout: PixelLayout, to_layout: PixelLayout) -> None:
    coding, to_coding = Colour(Matrix.BT601, True, Siting.CENTER), Colour(Matrix.BT709)
    planes = random_planes(layout, 9, 6)
    out = colour.convert(planes, layout, coding, to_layout, to_coding)
    expected = reference.convert(planes, layout, coding, to_layout, to_coding)
    for plane, values in zip(out, expected, strict=True):
        assert np.abs((plane >> to_layout.shift) - values).max() <= HALF_CODE + COLOUR_VIA_RGB


def test_gray_becomes_yuv_without_colour_and_back() -> None:
    gray, yuv = PixelLayout(Family.GRAY, 1, 1, 8), PixelLayout(bits=10)
    planes = random_planes(gray, 5, 7)
    out = colour.convert(planes, gray, Colour(), yuv, Colour(Matrix.BT2020))
    assert (out[0] == planes[0].astype(int) * 4).all()
    assert (out[1] == 512).all()
    assert (out[2] == 512).all()
    back = colour.convert(out, yuv, Colour(Matrix.BT601), gray, Colour())
    assert (back[0] == planes[0]).all()


def test_eight_bits_survive_a_stay_in_any_deeper_layout() -> None:
    layout = PixelLayout(chroma_y=1)
    planes = random_planes(layout, 6, 8)
    for deep in (
        PixelLayout(chroma_y=1, bits=10),
        PixelLayout(Family.SEMIPLANAR, 2, 1, 10, shift=6),
        PixelLayout(chroma_y=1, bits=16),
    ):
        there = colour.convert(planes, layout, Colour(), deep, Colour())
        back = colour.convert(there, deep, Colour(), layout, Colour())
        assert all((a == b).all() for a, b in zip(planes, back, strict=True))


def test_alpha_is_kept_replaced_or_opaque() -> None:
    with_alpha, deep = PixelLayout(alpha=True), PixelLayout(bits=12, alpha=True)
    planes = random_planes(with_alpha, 4, 6)
    kept = colour.convert(planes, with_alpha, Colour(), deep, Colour())[-1]
    assert (kept == np.round(planes[-1] * (4095 / 255))).all()
    given = np.full((4, 6), 32768, np.uint16)
    replaced = colour.convert(planes, with_alpha, Colour(), deep, Colour(), alpha=given)[-1]
    assert (replaced == 2048).all()
    opaque = colour.convert(planes[:3], PixelLayout(), Colour(), deep, Colour())[-1]
    assert (opaque == 4095).all()


def test_a_change_of_transfer_curve_is_refused() -> None:
    planes = random_planes(PixelLayout(), 4, 4)
    with pytest.raises(ShapeError, match="tone map"):
        colour.convert(planes, PixelLayout(), Colour(transfer=Transfer.PQ), PixelLayout(), Colour())


def test_an_alpha_plane_is_made_opaque_and_nothing_else_is_touched() -> None:
    layout = PixelLayout(Family.SEMIPLANAR, bits=10, shift=6, alpha=True)
    planes = random_planes(layout, 5, 7, 3)
    before = [plane.copy() for plane in planes]
    colour.make_opaque(planes, layout)
    assert (planes[-1] == 1023 << 6).all()
    assert all((a == b).all() for a, b in zip(planes[:-1], before[:-1], strict=True))
    with pytest.raises(ShapeError, match="no alpha plane"):
        colour.make_opaque(planes[:-1], PixelLayout(Family.SEMIPLANAR, bits=10, shift=6))
