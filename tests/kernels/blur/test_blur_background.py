"""Background blur: no light of the subject, discs of equal energy, every layout as defined."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.blur import (
    RADIUS_AT_FULL_STRENGTH,
    Workspace,
    blur_background,
    reference,
)
from streammat_kernels.blur.defocus import coarseness, disc_spans
from streammat_kernels.colour import from_rgb, to_rgb
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting, Transfer
from streammat_kernels.planes import Plane, empty_planes
from tests.kernels.pictures import LAYOUTS, framed_planes, name
from tests.tolerances import BLUR_SHARE, DISC_ENERGY, DISC_LEVEL, HALF_CODE

FULL = PixelLayout(Family.RGB, 1, 1, 16)
RANGE = Colour(full_range=True)


def scene(layout: PixelLayout, colour: Colour, height: int, width: int) -> tuple[Plane, ...]:
    """Smooth colours with some grain, in padded planes."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width] / max(height, width)
    rgb = np.stack([0.2 + 0.6 * x, 0.7 - 0.5 * y, 0.3 + 0.3 * np.sin(9 * (x + y))])
    rgb += rng.normal(0, 0.03, rgb.shape)
    planes, _ = framed_planes(layout, height, width)
    from_rgb((np.clip(rgb, 0, 1) * 65535).astype(np.uint16), layout, colour, planes)
    return planes


def disc_alpha(height: int, width: int, soft_px: float = 4.0) -> NDArray[np.uint16]:
    """A round subject in the middle with a soft edge."""
    y, x = np.mgrid[:height, :width]
    inside = 0.3 * height - np.hypot(x - width / 2, y - height / 2)
    return np.asarray(np.clip(inside / soft_px + 0.5, 0, 1) * 65535, np.uint16)


@pytest.mark.parametrize("layout", LAYOUTS, ids=name)
def test_every_layout_equals_the_definition(layout: PixelLayout) -> None:
    for height, width, strength in ((61, 90, 1.0), (240, 66, 0.9), (22, 7, 0.6)):
        planes = scene(layout, Colour(), height, width)
        alpha = disc_alpha(height, width)
        out, frames = framed_planes(layout, height, width)
        blur_background(planes, layout, Colour(), alpha, out, strength=strength)
        radius_px = strength * RADIUS_AT_FULL_STRENGTH * height
        expected = reference.blur_background(planes, layout, Colour(), alpha, radius_px)
        allowed = HALF_CODE + BLUR_SHARE * (1 << layout.bits)
        for found, wanted in zip(out, expected, strict=True):
            assert np.abs((found >> layout.shift) - wanted).max() <= allowed
        assert all(frame.untouched() for frame in frames)


@pytest.mark.parametrize("siting", list(Siting))
@pytest.mark.parametrize("transfer", [Transfer.SDR, Transfer.HLG])
def test_every_siting_and_curve_equals_the_definition(siting: Siting, transfer: Transfer) -> None:
    layout, colour = PixelLayout(bits=10), Colour(siting=siting, transfer=transfer)
    planes, alpha = scene(layout, colour, 240, 160), disc_alpha(240, 160)
    out = empty_planes(layout, 240, 160)
    blur_background(planes, layout, colour, alpha, out, strength=1.0)
    expected = reference.blur_background(planes, layout, colour, alpha, 12.0)
    allowed = HALF_CODE + BLUR_SHARE * 1024
    for found, wanted in zip(out, expected, strict=True):
        assert np.abs(found - wanted).max() <= allowed


@pytest.mark.parametrize("strength", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("soft_px", [1.0, 6.0, 20.0])
def test_a_white_subject_on_black_leaves_no_light_at_all(strength: float, soft_px: float) -> None:
    layout = PixelLayout()
    alpha = disc_alpha(360, 480, soft_px)
    planes = from_rgb(np.stack([alpha] * 3), layout, Colour())
    out = empty_planes(layout, 360, 480)
    blur_background(planes, layout, Colour(), alpha, out, strength=strength)
    assert (out[0] == 16).all()
    assert (out[1] == 128).all()


def point_of_light(height: int, width: int) -> tuple[Plane, NDArray[np.uint16]]:
    rgb = np.zeros((3, height, width), np.uint16)
    rgb[:, height // 2 : height // 2 + 2, width // 2 : width // 2 + 2] = 65535
    return rgb, np.zeros((height, width), np.uint16)


def test_a_point_of_light_becomes_a_disc_that_keeps_its_energy() -> None:
    rgb, alpha = point_of_light(400, 400)
    out = empty_planes(FULL, 400, 400)
    blur_background(tuple(rgb), FULL, RANGE, alpha, out, strength=1.0)
    light = (out[0] / 65535.0) ** 2.4
    grid = coarseness(20.0)
    area = grid**2 * (2 * disc_spans(20.0 / grid) + 1).sum()
    assert abs(light[195:205, 195:205].mean() * area / 4.0 - 1.0) <= DISC_LEVEL
    assert abs(light.sum() / 4.0 - 1.0) <= DISC_ENERGY
    bright = light > 0.5 * light.max()
    radius_px = 0.05 * 400
    y, x = np.nonzero(bright)
    reach = np.hypot(y - 200.5, x - 200.5).max()
    assert 0.8 * radius_px < reach < 1.25 * radius_px
    # Flat almost to the rim: a Gaussian has its top 2 % on a fiftieth of this area.
    assert np.count_nonzero(light > 0.98 * light.max()) > 0.5 * np.pi * radius_px**2


def test_the_disc_grows_with_strength_and_with_the_picture() -> None:
    reaches = []
    for height, strength in ((200, 0.5), (200, 1.0), (400, 1.0)):
        rgb, alpha = point_of_light(height, height)
        out = empty_planes(FULL, height, height)
        blur_background(tuple(rgb), FULL, RANGE, alpha, out, strength=strength)
        reaches.append(np.count_nonzero((out[0] / 65535.0) ** 2.4 > 1e-6) ** 0.5)
    assert 1.6 < reaches[1] / reaches[0] < 2.4
    assert 1.6 < reaches[2] / reaches[1] < 2.4


def test_where_no_background_is_near_it_continues_smoothly() -> None:
    layout = PixelLayout()
    y, _ = np.mgrid[:240, :320]
    rgb = np.stack([20000 + 100 * y] * 3).astype(np.uint16)
    rgb[:, 40:200, 80:240] = 65535
    alpha = np.zeros((240, 320), np.uint16)
    alpha[40:200, 80:240] = 65535
    planes = from_rgb(rgb, layout, Colour())
    out = empty_planes(layout, 240, 320)
    blur_background(planes, layout, Colour(), alpha, out)
    luma = to_rgb(out, layout, Colour())[1].astype(int)
    assert luma[:, 100:220].max() <= luma[:, :60].max() + 1
    assert luma[:, 100:220].min() >= luma[:, :60].min() - 1
    assert np.abs(np.diff(luma, axis=0)).max() <= 8
    assert np.abs(np.diff(luma, axis=1)).max() <= 8


def test_nothing_but_subject_gives_black_and_no_error() -> None:
    layout = PixelLayout()
    planes = scene(layout, Colour(), 48, 64)
    out = empty_planes(layout, 48, 64)
    blur_background(planes, layout, Colour(), np.full((48, 64), 65535, np.uint16), out)
    assert (out[0] == 16).all()


def test_strength_zero_copies_the_plate() -> None:
    layout = PixelLayout()
    planes, out = scene(layout, Colour(), 20, 30), empty_planes(layout, 20, 30)
    blur_background(planes, layout, Colour(), disc_alpha(20, 30), out, strength=0.0)
    for found, wanted in zip(out, planes, strict=True):
        assert np.array_equal(found, wanted)


def test_bands_and_a_used_workspace_change_nothing() -> None:
    layout = PixelLayout()
    planes, alpha = scene(layout, Colour(), 250, 321), disc_alpha(250, 321)
    once, again = empty_planes(layout, 250, 321), empty_planes(layout, 250, 321)
    blur_background(planes, layout, Colour(), alpha, once)
    workspace = Workspace(250, 321)
    with ThreadPoolExecutor(3) as pool:
        for strength in (1.0, 0.5):
            blur_background(
                planes, layout, Colour(), alpha, again,
                strength=strength, workspace=workspace, bands=Bands(pool, 3),
            )  # fmt: skip
    for found, wanted in zip(again, once, strict=True):
        assert np.array_equal(found, wanted)


def test_the_grid_keeps_the_disc_between_five_and_ten_steps() -> None:
    for radius_px in (5.0, 9.9, 10.0, 27.0, 54.0, 108.0):
        assert 5.0 <= radius_px / coarseness(radius_px) < 10.0
    assert coarseness(1.0) == 1
    assert disc_spans(2.0).tolist() == [0, 1, 2, 1, 0]


def test_refuses_what_does_not_belong_together() -> None:
    layout = PixelLayout()
    planes, out = scene(layout, Colour(), 20, 30), empty_planes(layout, 20, 30)
    alpha = np.zeros((20, 30), np.uint16)
    with pytest.raises(ShapeError, match=r"strength 1\.5"):
        blur_background(planes, layout, Colour(), alpha, out, strength=1.5)
    with pytest.raises(ShapeError, match="workspace is for 30x21"):
        blur_background(planes, layout, Colour(), alpha, out, workspace=Workspace(21, 30))
    with pytest.raises(ShapeError, match="alpha is uint8"):
        blur_background(planes, layout, Colour(), alpha.astype(np.uint8), out)
    with pytest.raises(ShapeError, match="out holds 32x20"):
        blur_background(planes, layout, Colour(), alpha, empty_planes(layout, 20, 32))
