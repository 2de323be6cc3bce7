"""Planes of every layout from R'G'B', against the float64 definition; alpha planes; refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from streammat_kernels import colour
from streammat_kernels.bands import Bands
from streammat_kernels.colour import reference
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting
from tests.kernels.pictures import (
    COLOURS,
    LAYOUTS,
    SIZES,
    colour_name,
    framed_planes,
    name,
    random_rgb,
)
from tests.tolerances import COLOUR_F32, HALF_CODE


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("coding", COLOURS, ids=colour_name)
@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_equals_the_definition_within_half_a_code(
    layout: PixelLayout, coding: Colour, dtype: Any
) -> None:
    peak = np.iinfo(dtype).max
    for height, width in SIZES:
        rgb = random_rgb(dtype, height, width)
        planes, frames = framed_planes(layout, height, width)
        colour.from_rgb(rgb, layout, coding, planes)
        for plane, expected in zip(
            planes, reference.from_rgb(rgb / peak, layout, coding), strict=True
        ):
            assert (plane % (1 << layout.shift) == 0).all()
            codes = plane >> layout.shift
            assert np.abs(codes - expected).max() <= HALF_CODE + COLOUR_F32
        assert all(frame.untouched() for frame in frames)


@pytest.mark.parametrize("layout", [layout for layout in LAYOUTS if layout.alpha], ids=name)
def test_alpha_is_rounded_to_the_depth_of_the_layout(layout: PixelLayout) -> None:
    alpha = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    rgb = np.zeros((3, 256, 256), np.uint8)
    plane = colour.from_rgb(rgb, layout, Colour(), alpha=alpha)[-1]
    top = (1 << layout.bits) - 1
    expected = (2 * alpha.astype(np.int64) * top + 65535) // (2 * 65535)
    assert (plane == expected).all()


def test_alpha_of_eight_bits_is_opaque_without_one_given() -> None:
    layout = PixelLayout(Family.RGB, 1, 1, 8, alpha=True)
    planes = colour.from_rgb(np.zeros((3, 3, 5), np.uint16), layout, Colour(full_range=True))
    assert (planes[3] == 255).all()


def test_chroma_is_filtered_for_its_siting() -> None:
    rgb = np.zeros((3, 2, 6), np.uint8)
    rgb[0, :, 2] = 255  # one red column, on an even place
    red = (240 - 128) * 1.0
    left, centre = (
        colour.from_rgb(rgb, PixelLayout(), Colour(siting=siting))[2][0].astype(int) - 128
        for siting in (Siting.LEFT, Siting.CENTER)
    )
    assert abs(left[1] - red / 2) <= 1, "1 2 1: half of the column that it sits on"
    assert left[2] == 0
    assert left[0] == 0
    assert abs(centre[1] - red / 2) <= 1, "mean of columns 2 and 3"
    rgb[0] = np.roll(rgb[0], 1, axis=1)  # now on an odd place: between two co-sited samples
    left = colour.from_rgb(rgb, PixelLayout(), Colour())[2][0].astype(int) - 128
    assert abs(left[1] - red / 4) <= 1
    assert abs(left[2] - red / 4) <= 1


def test_bands_change_no_bit() -> None:
    rgb = random_rgb(np.uint16, 37, 18)
    serial = colour.from_rgb(rgb, PixelLayout(), Colour(siting=Siting.TOPLEFT))
    with ThreadPoolExecutor(2) as pool:
        banded = colour.from_rgb(
            rgb, PixelLayout(), Colour(siting=Siting.TOPLEFT), bands=Bands(pool, 3)
        )
    assert all((a == b).all() for a, b in zip(serial, banded, strict=True))


def test_wrong_arrays_are_refused() -> None:
    rgb = np.zeros((3, 4, 4), np.uint8)
    with pytest.raises(ShapeError, match="no alpha plane"):
        colour.from_rgb(rgb, PixelLayout(), Colour(), alpha=np.zeros((4, 4), np.uint16))
    with pytest.raises(ShapeError, match="expected uint16"):
        colour.from_rgb(rgb, PixelLayout(alpha=True), Colour(), alpha=np.zeros((4, 5), np.uint16))
    with pytest.raises(ShapeError, match="out holds 6x4"):
        colour.from_rgb(rgb, PixelLayout(), Colour(), framed_planes(PixelLayout(), 4, 6)[0])
    with pytest.raises(ShapeError, match="rgb has shape"):
        colour.from_rgb(rgb[0], PixelLayout(), Colour())
    planes = framed_planes(PixelLayout(), 4, 4)[0]
    planes[0].flags.writeable = False
    with pytest.raises(ShapeError, match="read-only"):
        colour.from_rgb(rgb, PixelLayout(), Colour(), planes)
