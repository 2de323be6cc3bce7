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
from streammat_kernels.motion.plan import plan
from streammat_kernels.planes import empty_planes
from streammat_kernels.temporal import TemporalState, smooth
from streammat_kernels.temporal.state import block_size
from tests.kernels.pictures import framed, random_planes
from tests.tolerances import FUSED_CODES

Maps = tuple[NDArray[np.float32], NDArray[np.float32]]


def maps(rows: int, columns: int, seed: int) -> Maps:
    rng = np.random.default_rng(seed)
    glance = rng.random((3, rows, columns)).astype(np.float32)
    glance[0, : rows // 3] += 2
    glance[2, -(rows // 3) :] += 2
    return glance, rng.random((rows, columns)).astype(np.float32)


def waves(layout: PixelLayout, height: int, width: int, x: float, y: float) -> NDArray[Any]:
    """Luma with structure, moved by (x, y) pixels."""
    down, across = np.mgrid[:height, :width].astype(np.float64)
    down, across = down - y, across - x
    light = 0.5 + 0.2 * np.sin(across / 5 + down / 11) + 0.2 * np.sin(down / 7 - across / 13)
    codes = (light * ((1 << layout.bits) - 1) + 0.5).astype(np.int64)
    return np.asarray(codes << layout.shift)


def clip(layout: PixelLayout, height: int, width: int) -> list[tuple[NDArray[Any], ...]]:
    """A picture, itself with noise, itself moved twice, and another shot."""
    luma = 1 if layout.family is Family.RGB else 0
    frames = [random_planes(layout, height, width, 1) for _ in range(4)]
    for planes, (x, y) in zip(frames, ((0, 0), (0, 0), (2.5, 1.5), (7, -1)), strict=True):
        planes[luma][...] = waves(layout, height, width, x, y)
    frames[1][luma][::3] ^= 1 << layout.shift
    other = random_planes(layout, height, width, 2)
    other[luma][:, : width // 2] //= 8
    return [*frames, other, other]


@pytest.mark.parametrize("follow", [True, False])
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
    layout: PixelLayout, size: tuple[int, int], small: tuple[int, int], follow: bool
) -> None:
    state: TemporalState | None = None
    expected_state: TemporalState | None = None
    how: dict[str, Any] = {"strength": 0.9, "follow": follow}
    follows, moved = follow and min(size) > 50, False
    for number, planes in enumerate(clip(layout, *size)):
        glance, focus = maps(*small, number // 2)
        frame = framed(size, np.uint16)
        state = refine.refine(glance, focus, planes, layout, state, frame.inside, **how)
        fused = fuse(glance, focus, "tt", np.empty(small, np.float32))
        expected = guided_upsample(fused, planes, layout)
        expected_state = smooth(expected, planes, layout, expected_state, **how)
        assert state.cut == expected_state.cut
        difference = np.abs(frame.inside.astype(int) - expected.astype(int))
        assert difference.max() <= FUSED_CODES
        assert frame.untouched()
        memory = np.abs(state.memory - expected_state.memory)
        assert memory.max() <= FUSED_CODES
        if number and follows:
            assert (state.vectors == expected_state.vectors).all()
            moved |= bool(state.vectors.any())
    assert moved == follows


def test_a_padded_network_input_is_cut_to_its_content() -> None:
    planes = random_planes(PixelLayout(), 40, 60)
    glance, focus = maps(16, 32, 0)
    whole = np.empty((40, 60), np.uint16)
    part = np.empty((40, 60), np.uint16)
    inside = glance[:, :14, :21].copy(), focus[:14, :21].copy()
    refine.refine(*inside, planes, PixelLayout(), None, whole)
    refine.refine(glance, focus, planes, PixelLayout(), None, part, content=(14, 21))
    assert (whole == part).all()


@pytest.mark.parametrize(("size", "motion"), [((36, 64), 2), ((68, 1284), 3)])
@pytest.mark.parametrize("follow", [False, True])
def test_launches_of_a_frame_before_and_after_the_network(
    size: tuple[int, int], motion: int, follow: bool, backend: str
) -> None:
    if backend == "cpu":
        pytest.skip("launches are counted where CUDA kernels run")
    layout, colour = PixelLayout(), Colour()
    planes, background = (random_planes(layout, *size, seed) for seed in (1, 2))
    view, alpha = np.empty((3, 18, 32), np.float32), np.empty(size, np.uint16)
    out = empty_planes(layout, *size)
    glance, focus = maps(18, 32, 0)
    state = refine.refine(glance, focus, planes, layout, None, alpha, follow=follow)
    launches: list[str] = runtime.stand_in.launches  # type: ignore[union-attr]
    launches.clear()
    resize.network_view(planes, layout, colour, view)
    assert len(launches) == 1
    launches.clear()
    refine.refine(glance, focus, planes, layout, state, alpha, follow=follow)
    composite.over(planes, layout, colour, alpha, background, out)
    assert len(launches) == (5 + motion if follow else 4)
    assert sum(launch.startswith("motion.") for launch in launches) == (motion if follow else 0)


def test_motion_takes_eleven_launches_from_720p_on() -> None:
    for height, width in ((720, 1280), (1080, 1920), (2160, 3840), (4320, 7680)):
        finest, coarsest = plan(*block_size(height, width))
        assert 1 + 2 * (coarsest - finest + 1) == 11


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
