"""Where the network looks when only a part of the frame is wanted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from streammat.matting.window import CONTEXT, Rect, Window, seen_size, window_of
from streammat.types import Frame
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import plane_shapes

HEIGHT, WIDTH = 1080, 1920
LAYOUTS = [
    PixelLayout(),
    PixelLayout(Family.SEMIPLANAR),
    PixelLayout(Family.PLANAR, 2, 1),
    PixelLayout(Family.RGB, 1, 1),
    PixelLayout(Family.GRAY, 1, 1),
    PixelLayout(alpha=True),
]


def edges(window: Window) -> tuple[int, int, int, int]:
    """Left, top, right, bottom."""
    return window.left, window.top, window.left + window.width, window.top + window.height


def found(roi: Rect) -> Window:
    window = window_of(roi, HEIGHT, WIDTH)
    assert window is not None
    return window


def test_a_window_holds_the_rectangle_and_context_on_every_side() -> None:
    left, top, right, bottom = edges(found((800, 300, 400, 500)))
    margin = CONTEXT * 500
    assert left <= 800 - margin
    assert right >= 1200 + margin
    assert top <= 300 - margin
    assert bottom >= 800 + margin
    assert (right - left) * (bottom - top) < 520 * 620


@pytest.mark.parametrize(
    "roi",
    [(0, 0, 300, 400), (1700, 700, 220, 380), (1501, 3, 419, 1077), (-50, -50, 500, 400)],
)
def test_a_window_at_the_border_stays_in_the_frame(roi: Rect) -> None:
    left, top, right, bottom = edges(found(roi))
    x, y, w, h = roi
    assert 0 <= left <= max(x, 0)
    assert 0 <= top <= max(y, 0)
    assert min(x + w, WIDTH) <= right <= WIDTH
    assert min(y + h, HEIGHT) <= bottom <= HEIGHT


def test_a_slim_rectangle_is_seen_with_what_is_beside_it() -> None:
    window = found((900, 40, 60, 1000))
    assert window.width >= window.height / 2


def test_a_tiny_rectangle_is_not_blown_up_without_limit() -> None:
    window = found((960, 540, 8, 8))
    assert window.width >= WIDTH / 4
    assert window.height >= HEIGHT / 4


@pytest.mark.parametrize(
    "roi", [None, (0, 0, WIDTH, HEIGHT), (60, 40, 1800, 1000), (5000, 0, 10, 10), (0, -9, 10, 9)]
)
def test_the_whole_frame_is_looked_at_where_a_window_gains_nothing(roi: Rect | None) -> None:
    assert window_of(roi, HEIGHT, WIDTH) is None
    assert seen_size(roi, HEIGHT, WIDTH) == (HEIGHT, WIDTH)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("size", [(61, 75), (64, 80)])
def test_the_planes_of_a_window_are_the_frames_own_samples(
    layout: PixelLayout, size: tuple[int, int]
) -> None:
    height, width = size
    shapes = plane_shapes(layout, height, width)
    numbers = [np.arange(np.prod(shape)).reshape(shape).astype(np.uint8) for shape in shapes]
    frame = Frame(tuple(numbers), layout, Colour(), 7, Fraction(1, 25), 3)
    window = Window(8, 4, width - 8, height - 4)  # down to the odd last row and column
    part = window.of(frame)
    assert (part.height, part.width, part.pts, part.index) == (height - 4, width - 8, 7, 3)
    for plane, whole, shape in zip(
        part.planes, numbers, plane_shapes(layout, part.height, part.width), strict=True
    ):
        assert plane.shape == shape
        assert np.shares_memory(plane, whole)
        assert plane[-1, -1].tolist() == whole[-1, -1].tolist()


def test_scene_values_are_cut_like_the_planes() -> None:
    plane = np.zeros((40, 60), np.uint16)
    light = np.arange(40 * 60, dtype=np.float32).reshape(40, 60)
    rgb = PixelLayout(Family.RGB, 1, 1, bits=16)
    frame = Frame((plane, plane, plane), rgb, Colour(), 0, Fraction(1, 25), 0)
    part = Window(4, 8, 20, 16).of(replace(frame, scene=(light, light, light)))
    assert part.scene is not None
    assert part.scene[2].shape == (16, 20)
    assert part.scene[0][0, 0] == light[8, 4]
