"""What the network sees of plates that are no SDR video."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat.matting.frame_view import frame_view, whole_view
from streammat.types import Frame
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer
from streammat_kernels.lut import Lut, reference
from streammat_kernels.resize import network_view
from streammat_kernels.resize.reference import area
from tests.tolerances import LUT_F32, RESIZE_F32

LAYOUT = PixelLayout(Family.RGB, 1, 1, 16)
COLOUR = Colour(full_range=True, transfer=Transfer.SRGB)
SIZE = (3, 16, 32)


def inverted() -> Lut:
    return Lut(np.array([[255.0] * 3, [0.0] * 3], np.float32))


def frame(scene: NDArray[np.float32] | None = None) -> Frame:
    codes = np.random.default_rng(0).integers(0, 65536, (3, 40, 60), dtype=np.uint16)
    planes = codes[0], codes[1], codes[2]
    made = Frame(planes, LAYOUT, COLOUR, pts=0, time_base=Fraction(1, 25), index=0)
    return made if scene is None else replace(made, scene=(scene[0], scene[1], scene[2]))


def test_sdr_frames_are_seen_as_before() -> None:
    plate = frame()
    wanted = network_view(plate.planes, LAYOUT, COLOUR, np.empty(SIZE, np.float32))
    assert (frame_view(plate, np.empty(SIZE, np.float32)) == wanted).all()


def test_a_view_is_applied_after_the_averaging() -> None:
    plate = frame()
    plain = frame_view(plate, np.empty(SIZE, np.float32), content=(16, 24))
    seen = frame_view(replace(plate, view=inverted()), np.empty(SIZE, np.float32), content=(16, 24))
    assert np.abs(seen - (255.0 - plain)).max() <= LUT_F32
    assert (seen[:, :, 24:] == seen[:, :, 23:24]).all()


def test_scene_values_are_averaged_as_light_before_they_are_mapped() -> None:
    scene = np.random.default_rng(1).uniform(0, 12, (3, 40, 60)).astype(np.float32)
    view = Lut(
        np.linspace(0, 255, 3 * 9, dtype=np.float32).reshape(9, 3), high=(16.0,) * 3, log=True
    )
    seen = frame_view(replace(frame(scene), view=view), np.empty(SIZE, np.float32))
    small = np.stack([area(plane, *SIZE[1:]) for plane in scene]) * 255.0
    assert np.abs(seen - reference.apply(small, view)).max() <= LUT_F32 + 16 * 255 * RESIZE_F32


def test_scene_values_that_are_no_numbers_do_not_spread() -> None:
    scene = np.full((3, 40, 60), 0.5, np.float16)
    scene[:, 0, 0] = np.nan, np.inf, -np.inf
    seen = frame_view(frame(scene), np.empty(SIZE, np.float32), content=(10, 10))  # type: ignore[arg-type]
    assert np.isfinite(seen).all()
    assert seen.min() >= 0
    assert seen.max() <= 255
    assert seen[:, 1:, 1:] == pytest.approx(127.5)


def test_the_whole_view_has_the_size_of_the_plate() -> None:
    plate = frame()
    seen = whole_view(replace(plate, view=inverted()))
    assert seen.shape == (3, 40, 60)
    assert seen.dtype == np.uint8
    assert np.abs(seen.astype(float) - (255 - plate.planes[0] / 257.0)[None])[0].max() <= 0.51
