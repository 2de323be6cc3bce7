"""Compositing against the float64 definition, bit-exact ends, and linear light."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.colour import from_rgb, to_rgb
from streammat_kernels.composite import over, reference
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Colour, PixelLayout, Transfer
from streammat_kernels.planes import empty_planes
from tests.kernels.pictures import (
    COLOURS,
    LAYOUTS,
    SIZES,
    colour_name,
    framed,
    framed_planes,
    name,
    random_planes,
    random_rgb,
)
from tests.tolerances import COMPOSITE_SHARE, HALF_CODE


def edge_alpha(height: int, width: int, seed: int = 0) -> NDArray[np.uint16]:
    """Padded rows; a third 0, a third 65535, a third anything between."""
    rng = np.random.default_rng(seed)
    alpha = framed((height, width), np.uint16).inside
    values = rng.integers(0, 65536, (height, width))
    kind = rng.integers(0, 3, (height, width))
    alpha[...] = np.where(kind == 0, 0, np.where(kind == 1, 65535, values))
    return alpha


def check_against_definition(
    layout: PixelLayout, colour: Colour, height: int, width: int, with_foreground: bool
) -> None:
    plate = random_planes(layout, height, width, 1)
    background = random_planes(layout, height, width, 2)
    foreground = random_rgb(np.uint16, height, width, 3) if with_foreground else None
    alpha = edge_alpha(height, width)
    out, frames = framed_planes(layout, height, width)
    over(plate, layout, colour, alpha, background, out, foreground=foreground)
    expected = reference.over(plate, layout, colour, alpha, background, foreground=foreground)
    allowed = HALF_CODE + COMPOSITE_SHARE * (1 << layout.bits)
    for found, wanted in zip(out, expected, strict=True):
        top = (1 << layout.bits) - 1
        assert np.abs((found >> layout.shift) - np.clip(wanted, 0, top)).max() <= allowed
        assert not (found & ((1 << layout.shift) - 1)).any()
    assert all(frame.untouched() for frame in frames)


@pytest.mark.parametrize("with_foreground", [False, True])
@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_every_layout_equals_the_definition(layout: PixelLayout, with_foreground: bool) -> None:
    for height, width in SIZES:
        check_against_definition(layout, Colour(), height, width, with_foreground)


@pytest.mark.parametrize("colour", COLOURS, ids=colour_name)
def test_every_matrix_and_range_equals_the_definition(colour: Colour) -> None:
    check_against_definition(PixelLayout(), colour, 12, 20, True)


@pytest.mark.parametrize("transfer", list(Transfer))
def test_every_transfer_curve_equals_the_definition(transfer: Transfer) -> None:
    check_against_definition(PixelLayout(bits=10), Colour(transfer=transfer), 12, 20, False)


@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_alpha_one_copies_the_plate_and_alpha_zero_the_background(layout: PixelLayout) -> None:
    plate, background = random_planes(layout, 9, 131, 1), random_planes(layout, 9, 131, 2)
    colours = len(plate) - layout.alpha
    for code, source in ((65535, plate), (0, background)):
        out = empty_planes(layout, 9, 131)
        over(plate, layout, Colour(), np.full((9, 131), code, np.uint16), background, out)
        for found, wanted in zip(out[:colours], source[:colours], strict=True):
            assert np.array_equal(found, wanted)


def test_luma_is_exact_beside_an_edge_that_shares_its_chroma() -> None:
    layout = PixelLayout()
    plate, background = random_planes(layout, 4, 6, 1), random_planes(layout, 4, 6, 2)
    alpha = np.full((4, 6), 65535, np.uint16)
    alpha[:, 3:] = 0
    out = empty_planes(layout, 4, 6)
    over(plate, layout, Colour(), alpha, background, out)
    assert np.array_equal(out[0][:, :3], plate[0][:, :3])
    assert np.array_equal(out[0][:, 3:], background[0][:, 3:])
    assert np.array_equal(out[1][:, [0]], plate[1][:, [0]])
    assert np.array_equal(out[1][:, [2]], background[1][:, [2]])


def test_half_of_white_over_black_is_half_the_light_not_half_the_code() -> None:
    layout = PixelLayout(bits=10)
    plate, background = empty_planes(layout, 2, 2), empty_planes(layout, 2, 2)
    for planes, luma in ((plate, 940), (background, 64)):
        planes[0][...] = luma
        planes[1][...] = planes[2][...] = 512
    out = empty_planes(layout, 2, 2)
    over(plate, layout, Colour(), np.full((2, 2), 32768, np.uint16), background, out)
    assert np.array_equal(out[0], np.full((2, 2), round(64 + 876 * 0.5 ** (1 / 2.4))))
    assert (out[1] == 512).all()


def test_grey_stays_grey() -> None:
    layout, rng = PixelLayout(), np.random.default_rng(0)
    plate, background = random_planes(layout, 32, 32, 1), random_planes(layout, 32, 32, 2)
    for planes in (plate, background):
        planes[1][...] = planes[2][...] = 128
    out = empty_planes(layout, 32, 32)
    alpha = rng.integers(0, 65536, (32, 32)).astype(np.uint16)
    over(plate, layout, Colour(), alpha, background, out)
    assert (out[1] == 128).all()
    assert (out[2] == 128).all()


def test_a_foreground_takes_the_old_background_out_of_the_edge() -> None:
    layout, colour = PixelLayout(chroma_x=1, chroma_y=1), Colour()
    red, green, blue = (np.zeros((3, 4, 4), np.uint16) for _ in range(3))
    red[0], green[1], blue[2] = 65535, 65535, 65535
    mixed = (red // 2 + green // 2).astype(np.uint16)
    plate, background = from_rgb(mixed, layout, colour), from_rgb(blue, layout, colour)
    alpha = np.full((4, 4), 32768, np.uint16)
    out = empty_planes(layout, 4, 4)
    over(plate, layout, colour, alpha, background, out)
    assert to_rgb(out, layout, colour)[1].min() > 60
    over(plate, layout, colour, alpha, background, out, foreground=red)
    assert to_rgb(out, layout, colour)[1].max() <= 2


@pytest.mark.parametrize("layout", [PixelLayout(), PixelLayout(bits=10)], ids=name)
def test_bands_and_writing_into_the_background_change_nothing(layout: PixelLayout) -> None:
    plate, background = random_planes(layout, 71, 90, 1), random_planes(layout, 71, 90, 2)
    alpha = edge_alpha(71, 90)
    whole = empty_planes(layout, 71, 90)
    over(plate, layout, Colour(), alpha, background, whole)
    with ThreadPoolExecutor(3) as pool:
        over(plate, layout, Colour(), alpha, background, background, bands=Bands(pool, 3))
    for found, wanted in zip(background, whole, strict=True):
        assert np.array_equal(found, wanted)


def test_refuses_arrays_that_do_not_belong_together() -> None:
    layout = PixelLayout()
    plate, other = random_planes(layout, 8, 8), random_planes(layout, 8, 10)
    alpha = np.zeros((8, 8), np.uint16)

    def call(**change: Any) -> None:
        given: dict[str, Any] = {"alpha": alpha, "background": plate} | change
        over(plate, layout, Colour(), out=empty_planes(layout, 8, 8), **given)

    call()
    with pytest.raises(ShapeError, match="background holds 10x8"):
        call(background=other)
    with pytest.raises(ShapeError, match="alpha is float32"):
        call(alpha=alpha.astype(np.float32))
    with pytest.raises(ShapeError, match="foreground is uint16"):
        call(foreground=np.zeros((3, 8, 9), np.uint16))
