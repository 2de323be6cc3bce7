"""The network's view: against the float64 definition, against OpenCV, and what it must never do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streammat_kernels import colour, resize
from streammat_kernels.bands import Bands
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.resize import reference
from tests.kernels.pictures import (
    COLOURS,
    LAYOUTS,
    SIZES,
    colour_name,
    framed,
    name,
    random_planes,
)
from tests.tolerances import CV2_AREA_VIEW, VIEW_F32


@pytest.mark.parametrize("coding", COLOURS, ids=colour_name)
@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_equals_the_definition_shrinking_and_growing(layout: PixelLayout, coding: Colour) -> None:
    for height, width in (*SIZES, (23, 40)):
        planes = random_planes(layout, height, width)
        for size, content in (((6, 9), (6, 9)), ((32, 8), (27, 8)), ((3, 64), (3, 33))):
            out = framed((3, *size), np.float32)
            resize.network_view(planes, layout, coding, out.inside, content=content)
            expected = reference.network_view(planes, layout, coding, size, content)
            assert np.abs(out.inside - expected).max() <= VIEW_F32
            assert out.untouched()


def in_gamut_planes(layout: PixelLayout, height: int, width: int) -> list[np.ndarray]:
    """Pastel colours with sharp detail, so that no R'G'B' value is clipped."""
    rgb = np.random.default_rng(3).integers(70, 185, (3, height, width)).astype(np.uint8)
    rgb[:, height // 3 :, width // 2 :] = np.array([180, 90, 120])[:, None, None]
    return list(colour.from_rgb(rgb, layout, Colour()))


@pytest.mark.parametrize(
    "layout",
    [
        PixelLayout(),
        PixelLayout(chroma_y=1),
        PixelLayout(chroma_x=1, chroma_y=1),
        PixelLayout(Family.SEMIPLANAR),
        PixelLayout(Family.RGB, 1, 1),
    ],
    ids=name,
)
@pytest.mark.parametrize("size", [(288, 512), (100, 333), (540, 960), (54, 96)])
def test_equals_opencv_area_of_the_converted_picture(
    layout: PixelLayout, size: tuple[int, int]
) -> None:
    cv2 = pytest.importorskip("cv2")
    planes = in_gamut_planes(layout, 541, 963)
    view = np.empty((3, *size), np.float32)
    resize.network_view(planes, layout, Colour(), view)
    rgb = colour.to_rgb(planes, layout, Colour())
    assert rgb.min() > 0
    assert rgb.max() < 255
    for channel, got in zip(rgb, view, strict=True):
        small = cv2.resize(channel.astype(np.float32), size[::-1], interpolation=cv2.INTER_AREA)
        assert np.abs(got - small).max() <= CV2_AREA_VIEW + VIEW_F32


def test_the_rest_repeats_the_edge_of_the_picture() -> None:
    planes = random_planes(PixelLayout(), 18, 32)
    view = np.full((3, 12, 20), np.nan, np.float32)
    resize.network_view(planes, PixelLayout(), Colour(), view, content=(9, 16))
    alone = np.empty((3, 9, 16), np.float32)
    resize.network_view(planes, PixelLayout(), Colour(), alone)
    assert (view == np.pad(alone, ((0, 0), (0, 3), (0, 4)), mode="edge")).all()


def test_bands_change_no_bit() -> None:
    planes = random_planes(PixelLayout(), 50, 64)
    serial, banded = (np.empty((3, 17, 32), np.float32) for _ in range(2))
    resize.network_view(planes, PixelLayout(), Colour(), serial)
    with ThreadPoolExecutor(2) as pool:
        resize.network_view(planes, PixelLayout(), Colour(), banded, bands=Bands(pool, 3))
    assert (serial == banded).all()


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(LAYOUTS),
    st.sampled_from(COLOURS),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
    st.tuples(st.integers(1, 24), st.integers(1, 24)),
    st.integers(0, 255),
)
def test_one_grey_all_over_stays_that_grey(
    layout: PixelLayout,
    coding: Colour,
    size: tuple[int, int],
    view_size: tuple[int, int],
    grey: int,
) -> None:
    rgb = np.full((3, *size), grey, np.uint8)
    planes = colour.from_rgb(rgb, layout, coding)
    expected = colour.to_rgb(planes, layout, coding, np.empty((3, *size), np.uint16))[0, 0, 0]
    view = np.full((3, *view_size), np.nan, np.float32)
    resize.network_view(planes, layout, coding, view)
    half_of_16_bit = 0.5 / 257
    assert np.abs(view - expected / 257).max() <= half_of_16_bit + VIEW_F32


def test_wrong_arrays_are_refused() -> None:
    planes = random_planes(PixelLayout(), 8, 8)
    with pytest.raises(ShapeError, match="float32"):
        resize.network_view(planes, PixelLayout(), Colour(), np.empty((3, 4, 4)))  # type: ignore[arg-type]
    out = np.empty((3, 4, 4), np.float32)
    with pytest.raises(ShapeError, match="does not lie in"):
        resize.network_view(planes, PixelLayout(), Colour(), out, content=(5, 4))
    with pytest.raises(ShapeError, match="expected"):
        resize.network_view(planes[:2], PixelLayout(), Colour(), out)
