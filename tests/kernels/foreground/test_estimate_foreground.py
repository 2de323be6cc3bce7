"""Foreground estimation: true colours come back, the ends are exact, backends agree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.colour import from_rgb, to_rgb
from streammat_kernels.composite import over
from streammat_kernels.errors import ShapeError
from streammat_kernels.foreground import Workspace, estimate_foreground, reference
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import Plane
from tests.kernels.pictures import LAYOUTS, framed, framed_planes, name
from tests.tolerances import (
    FOREGROUND_CODES,
    FOREGROUND_KNOWN,
    FOREGROUND_LEMUR_RMS,
    FOREGROUND_RELIT,
    FOREGROUND_SUBSAMPLED,
)

RGB16 = PixelLayout(Family.RGB, 1, 1, 16)
FULL = Colour(full_range=True)

Image = NDArray[np.uint16]


def soft_disc(height: int, width: int, soft_px: float) -> Image:
    y, x = np.mgrid[:height, :width]
    inside = 0.35 * min(height, width) - np.hypot(x - width / 2, y - height / 2)
    return np.asarray(np.clip(inside / soft_px + 0.5, 0, 1) * 65535, np.uint16)


def mixture(height: int, width: int, soft_px: float = 12.0) -> tuple[Image, Image, Image]:
    """A picture (3, H, W) of a known smooth foreground over a known smooth background."""
    y, x = np.mgrid[:height, :width] / max(height, width)
    foreground = np.stack([0.9 - 0.3 * x, 0.5 + 0.2 * y, 0.2 + 0.0 * x])
    background = np.stack([0.1 + 0.1 * y, 0.3 + 0.3 * x, 0.9 - 0.2 * y])
    alpha = soft_disc(height, width, soft_px)
    share = alpha / 65535.0
    picture = share * foreground + (1 - share) * background
    return (picture * 65535).astype(np.uint16), alpha, (foreground * 65535).astype(np.uint16)


def padded_picture(
    layout: PixelLayout, colour: Colour, rgb: Image
) -> tuple[tuple[Plane, ...], Image]:
    planes, _ = framed_planes(layout, *rgb.shape[1:])
    from_rgb(rgb, layout, colour, planes)
    return planes, to_rgb(planes, layout, colour, np.empty(rgb.shape, np.uint16))


@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_opaque_pixels_are_the_source_exactly_in_every_layout(layout: PixelLayout) -> None:
    rgb, alpha, _ = mixture(60, 75)
    planes, source = padded_picture(layout, Colour(), rgb)
    out = estimate_foreground(planes, layout, Colour(), alpha)
    opaque = alpha == 65535
    assert opaque.any()
    assert np.array_equal(out[:, opaque], source[:, opaque])


@pytest.mark.parametrize("linear_light", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (2, 2), (1, 9), (7, 3), (33, 50), (64, 300)])
def test_equals_the_definition(size: tuple[int, int], linear_light: bool) -> None:
    rng = np.random.default_rng(0)
    rgb, alpha, _ = mixture(*size)
    noisy = np.clip(rgb + rng.normal(0, 2000, rgb.shape), 0, 65535).astype(np.uint16)
    planes, _ = padded_picture(RGB16, FULL, noisy)
    padded_alpha = framed(size, np.uint16).inside
    padded_alpha[...] = alpha
    out = estimate_foreground(planes, RGB16, FULL, padded_alpha, linear_light=linear_light)
    expected = reference.estimate_foreground(planes, RGB16, FULL, alpha, linear_light=linear_light)
    difference = np.abs(out - expected)
    if linear_light:  # near black a gamma curve makes many codes of nearly no light
        difference = np.abs((out / 65535.0) ** 2.4 - (expected / 65535.0) ** 2.4) * 65535
    assert difference.max() <= FOREGROUND_CODES


def test_linear_light_gives_back_the_plate_over_its_own_background() -> None:
    _, alpha, foreground = mixture(200, 300)
    background = tuple(np.full_like(channel, 12000) for channel in foreground)
    plate = tuple(np.empty_like(channel) for channel in foreground)
    over(tuple(foreground), RGB16, FULL, alpha, background, plate)
    errors = []
    for linear_light in (False, True):
        colours = estimate_foreground(plate, RGB16, FULL, alpha, linear_light=linear_light)
        again = tuple(np.empty_like(channel) for channel in plate)
        over(plate, RGB16, FULL, alpha, background, again, foreground=colours)
        band = (alpha > 6000) & (alpha < 65535)
        errors.append(np.abs(np.stack(again).astype(float) - plate)[:, band].mean() / 65535)
    assert errors[1] <= FOREGROUND_RELIT
    assert errors[1] < 0.5 * errors[0]


def test_a_known_foreground_comes_back_in_the_edge_and_beyond_it() -> None:
    rgb, alpha, foreground = mixture(200, 300)
    planes, source = padded_picture(RGB16, FULL, rgb)
    out = estimate_foreground(planes, RGB16, FULL, alpha)
    band = (alpha > 2000) & (alpha < 65535)
    error = np.abs(out.astype(float) - foreground) / 65535
    assert error[:, band].mean() <= FOREGROUND_KNOWN
    assert (
        error[:, band].mean()
        < 0.1 * (np.abs(source - foreground.astype(float)) / 65535)[:, band].mean()
    )
    near = (alpha == 0) & (soft_disc(200, 300, 30.0) > 0)
    assert error[:, near].mean() <= 2 * FOREGROUND_KNOWN


@pytest.mark.parametrize("bits", [8, 10, 16])
def test_subsampled_video_of_any_depth_loses_its_old_background(bits: int) -> None:
    layout = PixelLayout(bits=bits)
    rgb, alpha, foreground = mixture(200, 300)
    planes, _ = padded_picture(layout, Colour(), rgb)
    out = estimate_foreground(planes, layout, Colour(), alpha)
    band = (alpha > 2000) & (alpha < 65535)
    assert np.abs(out - foreground.astype(float))[:, band].mean() / 65535 <= FOREGROUND_SUBSAMPLED


def test_beyond_the_edge_colours_continue_without_a_step() -> None:
    rgb, alpha, _ = mixture(160, 160, 6.0)
    planes, _ = padded_picture(RGB16, FULL, rgb)
    out = estimate_foreground(planes, RGB16, FULL, alpha).astype(int)
    beyond = alpha == 0
    for axis in (1, 2):
        steps = np.abs(np.diff(out, axis=axis))
        both = beyond[1:] & beyond[:-1] if axis == 1 else beyond[:, 1:] & beyond[:, :-1]
        assert steps[:, both].max() < 0.03 * 65535


@pytest.mark.parametrize("code", [0, 65535, 30000])
def test_a_flat_alpha_is_no_trouble(code: int) -> None:
    rgb, _, _ = mixture(40, 50)
    planes, source = padded_picture(RGB16, FULL, rgb)
    out = estimate_foreground(planes, RGB16, FULL, np.full((40, 50), code, np.uint16))
    if code == 65535:
        assert np.array_equal(out, source)
    assert out.max() <= 65535


def test_bands_and_a_used_workspace_change_nothing() -> None:
    rgb, alpha, _ = mixture(333, 444)
    planes, _ = padded_picture(PixelLayout(), Colour(), rgb)
    once = estimate_foreground(planes, PixelLayout(), Colour(), alpha)
    workspace, out = Workspace(333, 444), np.empty_like(once)
    with ThreadPoolExecutor(3) as pool:
        for matte in (alpha[::-1], alpha):
            result = estimate_foreground(
                planes,
                PixelLayout(),
                Colour(),
                matte,
                out,
                workspace=workspace,
                bands=Bands(pool, 3),
            )
    assert result is out
    assert np.array_equal(out, once)


@pytest.mark.data
def test_the_lemur_is_at_least_as_good_as_published_code_makes_it(shared_data: Path) -> None:
    from PIL import Image as Picture

    folder = shared_data / "images" / "pymatting_lemur"

    def load(file: str, mode: str) -> NDArray[np.uint8]:
        return np.asarray(Picture.open(folder / file).convert(mode))

    picture, alpha = load("lemur.png", "RGB"), load("lemur_alpha.png", "L")
    true = load("lemur_foreground.png", "RGB").transpose(2, 0, 1) / 255.0
    layout = PixelLayout(Family.RGB, 1, 1, 8)
    planes = tuple(np.ascontiguousarray(channel) for channel in picture.transpose(2, 0, 1))
    out = estimate_foreground(planes, layout, FULL, alpha.astype(np.uint16) * 257) / 65535.0
    band = (alpha > 0) & (alpha < 255)
    weight = (alpha / 255.0)[band]
    square = ((out - true) ** 2).mean(axis=0)[band]
    assert np.sqrt((square * weight).sum() / weight.sum()) <= FOREGROUND_LEMUR_RMS


def test_refuses_what_does_not_belong_together() -> None:
    rgb, alpha, _ = mixture(20, 30)
    planes, _ = padded_picture(RGB16, FULL, rgb)
    with pytest.raises(ShapeError, match="alpha is float64"):
        estimate_foreground(planes, RGB16, FULL, alpha / 65535.0)  # type: ignore[arg-type]
    with pytest.raises(ShapeError, match="out is uint16"):
        estimate_foreground(planes, RGB16, FULL, alpha, np.empty((3, 20, 31), np.uint16))
    with pytest.raises(ShapeError, match="workspace is for 31x20"):
        estimate_foreground(planes, RGB16, FULL, alpha, workspace=Workspace(20, 31))
