from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from streammat.matting.fixed import FixedMatter
from streammat.matting.protocol import FrameMatter
from streammat.types import Frame
from streammat_kernels.layout import Colour, PixelLayout


def frame(value: int) -> Frame:
    planes = tuple(np.full((4, 4), value, np.uint8) for _ in range(3))
    return Frame(planes, PixelLayout(chroma_x=1, chroma_y=1), Colour(), 0, Fraction(1, 25), value)


def from_index(plate: Frame) -> np.ndarray[tuple[int, int], np.dtype[np.uint16]]:
    return np.full((4, 4), plate.index, np.uint16)


def test_alpha_is_the_formula_of_the_frame() -> None:
    matter: FrameMatter = FixedMatter(from_index)
    plate, out = frame(7), np.zeros((4, 4), np.uint16)
    matter.prepare(plate, 1)
    matter.submit(1)
    matter.wait(1)
    matter.alpha(plate, 1, out)
    assert (out == 7).all()


def test_a_wrong_order_of_calls_is_caught() -> None:
    matter = FixedMatter(from_index, requests=1)
    plate, out = frame(1), np.zeros((4, 4), np.uint16)
    with pytest.raises(AssertionError, match="not prepared"):
        matter.submit(0)
    matter.prepare(plate, 0)
    with pytest.raises(AssertionError, match="not submitted"):
        matter.wait(0)
    matter.submit(0)
    with pytest.raises(AssertionError, match="under way"):
        matter.prepare(plate, 0)
    with pytest.raises(AssertionError, match="not waited for"):
        matter.alpha(plate, 0, out)
    matter.wait(0)
    with pytest.raises(AssertionError, match="another frame"):
        matter.alpha(frame(2), 0, out)
    with pytest.raises(AssertionError, match="slot 9"):
        matter.prepare(plate, 9)
