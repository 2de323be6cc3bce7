"""What must hold for any picture: grey stays grey, nothing is lost where there is room."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from streammat_kernels import colour
from streammat_kernels.layout import Colour, Family, PixelLayout
from tests.kernels.pictures import COLOURS, LAYOUTS, YUV_LAYOUTS

SIZE = st.integers(1, 12)
SEED = st.integers(0, 2**32 - 1)
DTYPE = st.sampled_from([np.uint8, np.uint16])


def noise(dtype: Any, height: int, width: int, seed: int) -> Any:
    rng = np.random.default_rng(seed)
    return rng.integers(0, np.iinfo(dtype).max + 1, (3, height, width)).astype(dtype)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(LAYOUTS), st.sampled_from(COLOURS), DTYPE, SIZE, SIZE, SEED)
def test_grey_stays_grey_there_and_back(
    layout: PixelLayout, coding: Colour, dtype: Any, height: int, width: int, seed: int
) -> None:
    grey = np.repeat(noise(dtype, height, width, seed)[:1], 3, axis=0)
    planes = colour.from_rgb(grey, layout, coding)
    if layout.family in {Family.PLANAR, Family.SEMIPLANAR}:
        neutral = 128 << (layout.bits - 8 + layout.shift)
        chroma = planes[1 : 2 if layout.family is Family.SEMIPLANAR else 3]
        assert all((plane == neutral).all() for plane in chroma)
    back = colour.to_rgb(planes, layout, coding, np.empty_like(grey))
    assert (back[0] == back[1]).all()
    assert (back[0] == back[2]).all()


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(COLOURS), SIZE, SIZE, SEED)
def test_eight_bit_rgb_survives_sixteen_bit_yuv444(
    coding: Colour, height: int, width: int, seed: int
) -> None:
    rgb = noise(np.uint8, height, width, seed)
    layout = PixelLayout(chroma_x=1, chroma_y=1, bits=16)
    planes = colour.from_rgb(rgb, layout, coding)
    assert (colour.to_rgb(planes, layout, coding, np.empty_like(rgb)) == rgb).all()


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(COLOURS), SIZE, SIZE, SEED)
def test_sixteen_bit_rgb_errs_by_the_rounding_of_yuv_only(
    coding: Colour, height: int, width: int, seed: int
) -> None:
    rgb = noise(np.uint16, height, width, seed)
    layout = PixelLayout(chroma_x=1, chroma_y=1, bits=16)
    planes = colour.from_rgb(rgb, layout, coding)
    back = colour.to_rgb(planes, layout, coding, np.empty_like(rgb))
    luma, chroma = (65535 / 65535, 65535 / 65535)
    if not coding.full_range:
        luma, chroma = 65535 / (219 * 256), 65535 / (224 * 256)
    # Half a code of luma, half a code of chroma times its largest weight (below 1.89), half a code.
    bound = 0.5 * luma + 0.5 * 1.89 * chroma + 0.5
    assert np.abs(back.astype(int) - rgb.astype(int)).max() <= np.floor(bound)


@settings(deadline=None, max_examples=40)
@given(DTYPE, SIZE, SIZE, SEED)
def test_full_range_rgb_planes_are_the_picture(
    dtype: Any, height: int, width: int, seed: int
) -> None:
    rgb = noise(dtype, height, width, seed)
    layout = PixelLayout(Family.RGB, 1, 1, 8 if dtype is np.uint8 else 16)
    coding = Colour(full_range=True)
    planes = colour.from_rgb(rgb, layout, coding)
    assert (np.stack(planes) == rgb).all()
    assert (colour.to_rgb(planes, layout, coding) == rgb).all()


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(YUV_LAYOUTS), st.sampled_from(COLOURS), SIZE, SIZE, SEED)
def test_one_colour_all_over_is_one_colour(
    layout: PixelLayout, coding: Colour, height: int, width: int, seed: int
) -> None:
    rgb = np.broadcast_to(noise(np.uint16, 1, 1, seed), (3, height, width)).copy()
    planes = colour.from_rgb(rgb, layout, coding)
    back = colour.to_rgb(planes, layout, coding, np.empty_like(rgb))
    assert (back == back[:, :1, :1]).all()
