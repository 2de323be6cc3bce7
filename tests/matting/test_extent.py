"""Where the subject keeps to."""

from __future__ import annotations

import numpy as np

from streammat.matting.extent import Extent

SIZE = (720, 1280)


def with_box(left: int, top: int, right: int, bottom: int, level: int = 65535) -> np.ndarray:
    alpha = np.zeros(SIZE, np.uint16)
    alpha[top:bottom, left:right] = level
    return alpha


def test_nothing_is_nowhere() -> None:
    extent = Extent()
    assert extent.rect() is None
    extent.add(np.zeros(SIZE, np.uint16))
    extent.add(with_box(100, 100, 600, 600, level=20_000))  # a haze
    assert extent.rect() is None


def test_all_places_of_the_subject_are_held_with_room() -> None:
    extent = Extent()
    extent.add(with_box(400, 100, 600, 500))
    extent.add(with_box(500, 200, 700, 600))
    found = extent.rect()
    assert found is not None
    x, y, w, h = found
    assert x < 400
    assert x + w > 700
    assert y < 100
    assert y + h > 600
    assert w * h < 1.5 * 300 * 500


def test_specks_do_not_count() -> None:
    extent = Extent()
    alpha = with_box(400, 100, 600, 500)
    alpha[700, 1270] = alpha[3, 2] = 65535
    extent.add(alpha)
    found = extent.rect()
    assert found is not None
    assert found[0] > 300
    assert found[0] + found[2] < 700
