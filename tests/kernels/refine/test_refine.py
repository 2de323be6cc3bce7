"""Three ops in one call: the same alpha, memory and cuts, and few launches on a GPU."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels import composite, refine, resize, runtime
from streammat_kernels.errors import ShapeError
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import guided_upsample
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import empty_planes
from streammat_kernels.temporal import TemporalState, smooth
from tests.kernels.pictures import framed, random_planes
from tests.tolerances import FUSED_CODES

Maps = tuple[NDArray[np.float32], NDArray[np.float32]]


def maps(rows: int, columns: int, seed: int) -> Maps:
    rng = np.random.default_rng(seed)
    glance = rng.random((3, rows, columns)).astype(np.float32)
    glance[0, : rows // 3] += 2
    glance[2, -(rows // 3) :] += 2
    return glance, rng.random((rows, columns)).astype(np.float32)


def clip(layout: PixelLayout, height: int, width: int) -> list[tuple[NDArray[Any], ...]]:
    """A picture, itself with noise, and another shot."""
    first = random_planes(layout, height, width, 1)
    noisy = tuple(plane.copy() for plane in first)
    noisy[0][::3] ^= 1 << layout.shift
    other = random_planes(layout, height, width, 2)
    other[0][:, : width // 2] //= 8
    return [first, noisy, other, other]


@pytest.mark.parametrize(
    ("layout", "size", "small"),
    [
        (PixelLayout(), (54, 97), (20, 33)),
        (PixelLayout(Family.SEMIPLANAR, 2, 2, 10, shift=6), (70, 64), (35, 40)),
        (PixelLayout(Family.RGB, 1, 1, 16), (5, 3), (2, 1)),
        (PixelLayout(), (9, 12), (12, 20)),  # fewer pixels than cells
        (PixelLayout(), (1, 1), (1, 1)),
    ],
)
def test_one_call_equals_three(
    layout: PixelLayout, size: tuple[int, int], small: tuple[int, int]
) -> None:
    state: TemporalState | None = None
    expected_state: TemporalState | None = None
    for number, planes in enumerate(clip(layout, *size)):
        glance, focus = maps(*small, number // 2)
        frame = framed(size, np.uint16)
        state = refine.refine(glance, focus, planes, layout, state, frame.inside, strength=0.9)
        fused = fuse(glance, focus, "tt", np.empty(small, np.float32))
        expected = guided_upsample(fused, planes, layout)
        expected_state = smooth(expected, planes, layout, expected_state, strength=0.9)
        assert state.cut == expected_state.cut
        difference = np.abs(frame.inside.astype(int) - expected.astype(int))
        assert difference.max() <= FUSED_CODES
        assert frame.untouched()
        memory = np.abs(state.memory - expected_state.memory)
        assert memory.max() <= FUSED_CODES


def test_a_padded_network_input_is_cut_to_its_content() -> None:
    planes = random_planes(PixelLayout(), 40, 60)
    glance, focus = maps(16, 32, 0)
    whole = np.empty((40, 60), np.uint16)
    part = np.empty((40, 60), np.uint16)
    inside = glance[:, :14, :21].copy(), focus[:14, :21].copy()
    refine.refine(*inside, planes, PixelLayout(), None, whole)
    refine.refine(glance, focus, planes, PixelLayout(), None, part, content=(14, 21))
    assert (whole == part).all()


def test_a_frame_is_one_launch_before_the_network_and_four_after_it(backend: str) -> None:
    if backend == "cpu":
        pytest.skip("launches are counted where CUDA kernels run")
    layout, colour = PixelLayout(), Colour()
    planes, background = (random_planes(layout, 36, 64, seed) for seed in (1, 2))
    view, alpha = np.empty((3, 18, 32), np.float32), np.empty((36, 64), np.uint16)
    out = empty_planes(layout, 36, 64)
    glance, focus = maps(18, 32, 0)
    state = refine.refine(glance, focus, planes, layout, None, alpha)
    launches: list[str] = runtime.stand_in.launches  # type: ignore[union-attr]
    launches.clear()
    resize.network_view(planes, layout, colour, view)
    assert len(launches) == 1
    launches.clear()
    refine.refine(glance, focus, planes, layout, state, alpha)
    composite.over(planes, layout, colour, alpha, background, out)
    assert len(launches) <= 4


def test_wrong_arrays_are_refused() -> None:
    planes = random_planes(PixelLayout(), 8, 8)
    glance, focus = maps(4, 4, 0)
    out = np.empty((8, 8), np.uint16)
    with pytest.raises(ShapeError, match="out is uint8"):
        refine.refine(glance, focus, planes, PixelLayout(), None, out.astype(np.uint8))
    with pytest.raises(ShapeError, match="content"):
        refine.refine(glance, focus, planes, PixelLayout(), None, out, content=(5, 4))
    with pytest.raises(ShapeError, match="strength 2"):
        refine.refine(glance, focus, planes, PixelLayout(), None, out, strength=2)
    with pytest.raises(ShapeError, match="do not fit mode"):
        refine.refine(glance[:2], focus, planes, PixelLayout(), None, out)
