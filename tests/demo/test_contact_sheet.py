"""The contact sheet: five moments, three rows, the subject where its alpha is."""

from __future__ import annotations

import numpy as np

from streammat.demo.sheet import Moment, contact_sheet, moments


def _moment(seconds: float, alpha: int) -> Moment:
    shape = (40, 60)
    return Moment(
        seconds,
        frame=np.full((*shape, 3), (10, 200, 30), np.uint8),
        rgb=np.full((*shape, 3), (200, 40, 60), np.uint8),
        alpha=np.full(shape, alpha, np.uint8),
    )


def test_moments_lie_in_the_middles_of_equal_parts_just_before_a_frame() -> None:
    assert moments(10.0, 0.5) == [0.75, 2.75, 4.75, 6.75, 8.75]


def test_moments_of_a_clip_of_few_frames_never_lie_after_the_last_one() -> None:
    for frames in range(1, 12):
        assert max(moments(frames * 0.04, 0.04)) <= (frames - 1) * 0.04


def test_a_still_has_one_moment() -> None:
    assert moments(0.0, 0.0) == [0.0]


def test_rows_are_frame_alpha_and_composite() -> None:
    sheet = np.asarray(contact_sheet([_moment(0.5, 255), _moment(1.5, 0)]))
    middles = [26 + 48 * row + 20 for row in range(3)]
    opaque = [tuple(sheet[y, 96 + 30]) for y in middles]
    clear = [tuple(sheet[y, 96 + 68 + 30]) for y in middles]
    assert opaque == [(10, 200, 30), (255, 255, 255), (200, 40, 60)]
    assert clear[:2] == [(10, 200, 30), (0, 0, 0)]
    assert clear[2] in {(118, 118, 118), (150, 150, 150)}


def test_half_transparent_light_is_mixed_in_linear_light() -> None:
    picture, alpha = np.full((40, 60, 3), 255, np.uint8), np.full((40, 60), 128, np.uint8)
    white = Moment(0.0, picture, picture, alpha)
    sheet = np.asarray(contact_sheet([white]))
    cell = sheet[26 + 96 : 26 + 136, 96:156, 0]
    for board in (118, 150):
        light = 128 / 255 + (1 - 128 / 255) * (board / 255) ** 2.2
        assert round(255 * light ** (1 / 2.2)) in cell
