"""R'G'B' from planes of every layout, against the float64 definition and against known colours."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from streammat_kernels import colour
from streammat_kernels.bands import Bands
from streammat_kernels.colour import reference
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Colour, Family, Matrix, PixelLayout, Siting
from streammat_kernels.planes import empty_planes
from tests.kernels.pictures import (
    COLOURS,
    LAYOUTS,
    SIZES,
    YUV_LAYOUTS,
    colour_name,
    framed,
    name,
    random_planes,
)
from tests.tolerances import COLOUR_F32, HALF_CODE


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("coding", COLOURS, ids=colour_name)
@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_equals_the_definition_within_half_a_code(
    layout: PixelLayout, coding: Colour, dtype: Any
) -> None:
    peak = float(np.iinfo(dtype).max)
    for height, width in SIZES:
        planes = random_planes(layout, height, width)
        out = framed((3, height, width), dtype)
        colour.to_rgb(planes, layout, coding, out.inside)
        expected = reference.to_rgb(planes, layout, coding, peak)
        assert np.abs(out.inside - expected).max() <= HALF_CODE + COLOUR_F32
        assert out.untouched()


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("layout", YUV_LAYOUTS, ids=name)
def test_black_and_white_reach_the_ends_of_the_scale_exactly(
    layout: PixelLayout, full_range: bool
) -> None:
    top = (1 << layout.bits) - 1
    unit = 1 << (layout.bits - 8)
    ends = (0, top) if full_range else (16 * unit, 235 * unit)
    for code, expected in zip(ends, (0, 65535), strict=True):
        planes = empty_planes(layout, 5, 7)
        for plane in planes:
            plane[...] = 128 * unit << layout.shift
        planes[0][...] = code << layout.shift
        out = np.empty((3, 5, 7), np.uint16)
        colour.to_rgb(planes, layout, Colour(full_range=full_range), out)
        assert (out == expected).all()


@pytest.mark.parametrize(
    ("matrix", "codes", "rgb"),
    [
        # 75 % bars and full primaries as tabulated for these systems, 8 bits, limited range.
        (Matrix.BT709, (63, 102, 240), (255, 0, 0)),
        (Matrix.BT709, (173, 42, 26), (0, 255, 0)),
        (Matrix.BT709, (32, 240, 118), (0, 0, 255)),
        (Matrix.BT601, (81, 90, 240), (255, 0, 0)),
        (Matrix.BT601, (145, 54, 34), (0, 255, 0)),
        (Matrix.BT601, (41, 240, 110), (0, 0, 255)),
        (Matrix.BT2020, (74, 97, 240), (255, 0, 0)),
    ],
)
def test_known_primaries(
    matrix: Matrix, codes: tuple[int, int, int], rgb: tuple[int, int, int]
) -> None:
    planes = [np.full((2, 2), code, np.uint8) for code in codes]
    out = colour.to_rgb(planes, PixelLayout(chroma_x=1, chroma_y=1), Colour(matrix))
    # The tables' own codes are rounded: half a code of luma and of chroma in 8-bit R'G'B'.
    assert np.abs(out[:, 0, 0].astype(int) - rgb).max() <= 2


def test_siting_moves_chroma() -> None:
    planes = [np.full((2, 4), 128, np.uint8), np.full((1, 2), 128, np.uint8)]
    planes.append(np.array([[128, 192]], np.uint8))
    left, centre = (
        colour.to_rgb(planes, PixelLayout(), Colour(siting=siting))[0, 0].astype(int)
        for siting in (Siting.LEFT, Siting.CENTER)
    )
    step = left[2] - left[0]
    assert left[2] == left[3], "chroma on column 2 repeats at the end"
    assert abs(left[1] - left[0] - step / 2) <= 1
    assert abs(centre[1] - centre[0] - step / 4) <= 1


def test_eight_bits_scale_to_sixteen_exactly() -> None:
    planes = [np.arange(256, dtype=np.uint8).reshape(16, 16)] * 3
    out = np.empty((3, 16, 16), np.uint16)
    colour.to_rgb(planes, PixelLayout(Family.RGB, 1, 1), Colour(full_range=True), out)
    assert (out[0].ravel() == np.arange(256) * 257).all()


def test_bands_change_no_bit() -> None:
    planes = random_planes(PixelLayout(), 37, 18)
    serial = colour.to_rgb(planes, PixelLayout(), Colour())
    with ThreadPoolExecutor(2) as pool:
        banded = colour.to_rgb(planes, PixelLayout(), Colour(), bands=Bands(pool, 3))
    assert (serial == banded).all()


def test_flipped_planes_are_read_right() -> None:
    planes = random_planes(PixelLayout(), 6, 8)
    flipped = [plane[::-1] for plane in planes]
    compact = [np.ascontiguousarray(plane) for plane in flipped]
    assert (
        colour.to_rgb(flipped, PixelLayout(), Colour())
        == colour.to_rgb(compact, PixelLayout(), Colour())
    ).all()


def test_read_only_planes_are_read() -> None:
    planes = random_planes(PixelLayout(), 6, 8)
    expected = colour.to_rgb(planes, PixelLayout(), Colour())
    for plane in planes:
        plane.flags.writeable = False
    assert (colour.to_rgb(planes, PixelLayout(), Colour()) == expected).all()


def test_wrong_arrays_are_refused() -> None:
    planes = random_planes(PixelLayout(), 6, 8)
    with pytest.raises(ShapeError, match="expected"):
        colour.to_rgb(planes, PixelLayout(chroma_y=1), Colour())
    with pytest.raises(ShapeError, match="stored as uint16"):
        colour.to_rgb(planes, PixelLayout(bits=10), Colour())
    with pytest.raises(ShapeError, match=r"expected \(3, 6, 8\)"):
        colour.to_rgb(planes, PixelLayout(), Colour(), np.empty((3, 6, 9), np.uint8))
    with pytest.raises(ShapeError, match="float32"):
        colour.to_rgb(planes, PixelLayout(), Colour(), np.empty((3, 6, 8), np.float32))
