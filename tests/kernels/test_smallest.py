"""Every op on pictures of one pixel, one row and one column: alike on the CPU and in CUDA's source,
every sample written, whatever lay there before, and nothing beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels import (
    blur,
    closed_form,
    colour,
    composite,
    despeckle,
    despill,
    finesse,
    foreground,
    fusion,
    guided,
    light,
    lut,
    merge,
    motion,
    refine,
    resize,
    runtime,
    temporal,
)
from streammat_kernels.compile import UNITS
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import plane_shapes
from tests.kernels.host_cuda import COMPILER, HostCuda
from tests.kernels.pictures import Framed, framed, random_planes
from tests.tolerances import CLOSED_FORM, FUSED_CODES, GUIDED_CODES, MOTION_SAMPLES

GRAY = PixelLayout(Family.GRAY, 1, 1, 8)
I420 = PixelLayout()
SIZES = [(1, 1), (1, 9), (7, 1), (3, 5)]
Make = Callable[[tuple[int, ...], Any], NDArray[Any]]
Op = Callable[[int, int, Make], object]


def noise(*shape: int, top: int = 65536, dtype: Any = np.uint16) -> NDArray[Any]:
    dice = np.random.default_rng(sum(shape))
    if np.issubdtype(dtype, np.floating):
        return dice.random(shape).astype(dtype)
    return dice.integers(0, top, shape).astype(dtype)


def real(*shape: int) -> NDArray[np.float32]:
    return noise(*shape, dtype=np.float32)


def planes_of(h: int, w: int, make: Make) -> list[NDArray[Any]]:
    return [make(shape, np.uint8) for shape in plane_shapes(I420, h, w)]


def over(h: int, w: int, make: Make) -> None:
    pictures = (random_planes(I420, h, w, seed) for seed in range(2))
    planes, background = pictures
    alpha = noise(h, w)
    composite.over(planes, I420, Colour(), alpha, background, planes_of(h, w, make))


def blurred(h: int, w: int, make: Make) -> None:
    planes = random_planes(GRAY, h, w)
    blur.blur_background(planes, GRAY, Colour(), noise(h, w), [make((h, w), np.uint8)])


def smoothed(h: int, w: int, make: Make) -> None:
    state, out = None, make((h, w), np.uint16)
    for seed in range(2):
        out[...] = noise(h, w)
        state = temporal.smooth(out, random_planes(GRAY, h, w, seed), GRAY, state)


def refined(h: int, w: int, make: Make) -> None:
    maps = real(3, h, w), real(h, w)
    refine.refine(*maps, random_planes(GRAY, h, w), GRAY, None, make((h, w), np.uint16))


def estimated(h: int, w: int, make: Make) -> None:
    target = make((3, h, w), np.uint16)
    out = np.ascontiguousarray(target)  # the op takes no padded rows
    foreground.estimate_foreground(random_planes(GRAY, h, w), GRAY, Colour(), noise(h, w), out)
    target[...] = out


def fused(h: int, w: int, make: Make) -> None:
    target = make((h, w), np.float32)
    out = np.ascontiguousarray(target)  # as above
    fusion.fuse(real(3, h, w), real(h, w), "tt", out)
    target[...] = out


def moved(h: int, w: int, make: Make) -> None:
    target = make((2, h, w), np.float32)
    out = np.ascontiguousarray(target)  # as above
    motion.estimate(255 * real(h, w), 255 * real(w, h).reshape(h, w), 3.0, out)
    target[...] = out


def merged(h: int, w: int, make: Make) -> None:
    shapes = ((16, 3), (16,), (4, 16), (16, 4), (16,), (1,))
    weights = merge.MergeWeights(*(noise(*shape, dtype=np.float64) / 16 for shape in shapes))
    merge.merge(real(h, w), 1 - real(h, w), real(h, w), weights, make((h, w), np.float32))


def redrawn(h: int, w: int, make: Make) -> None:
    target = make((h, w), np.float32)
    out = np.ascontiguousarray(target)  # as above
    closed_form.closed_form(real(h, w), 255 * real(3, h, w), out)
    target[...] = out


def looked_up(h: int, w: int, make: Make) -> None:
    rgb = make((3, h, w), np.float32)
    rgb[...] = 255 * real(3, h, w)
    table = np.linspace(0, 255, 27, dtype=np.float32).reshape(9, 3)
    lut.apply(rgb, lut.Lut(np.ascontiguousarray(table)))


def to_half(h: int, w: int, make: Make) -> None:
    table = np.linspace(0, 1, 65536, dtype=np.float32)
    light.to_half(noise(h, w), table, make((h, w), np.float16), noise(h, w))


OPS: dict[str, tuple[Op, float]] = {
    "colour to": (
        lambda h, w, make: colour.to_rgb(
            random_planes(I420, h, w), I420, Colour(), make((3, h, w), np.uint8)
        ),
        FUSED_CODES,
    ),
    "colour from": (
        lambda h, w, make: colour.from_rgb(
            noise(3, h, w, top=256, dtype=np.uint8), I420, Colour(), planes_of(h, w, make)
        ),
        FUSED_CODES,
    ),
    "resize": (
        lambda h, w, make: resize.area(noise(h, w), make((w, h), np.uint16)),
        FUSED_CODES,
    ),
    "fusion": (fused, 0),
    "motion": (moved, MOTION_SAMPLES),
    "guided": (
        lambda h, w, make: guided.guided_upsample(
            real(1, 1), random_planes(GRAY, h, w), GRAY, make((h, w), np.uint16)
        ),
        2 * GUIDED_CODES,
    ),
    "temporal": (smoothed, FUSED_CODES),
    "refine": (refined, 2 * GUIDED_CODES),
    "composite": (over, FUSED_CODES),
    "despeckle": (
        lambda h, w, make: despeckle.despeckle(noise(h, w), make((h, w), np.uint16), size_px=2),
        0,
    ),
    "finesse": (
        lambda h, w, make: finesse.finesse(
            noise(h, w), make((h, w), np.uint16), grow_px=1, feather_px=2
        ),
        FUSED_CODES,
    ),
    "despill": (
        lambda h, w, make: despill.despill(noise(3, h, w), noise(h, w), make((3, h, w), np.uint16)),
        FUSED_CODES,
    ),
    "foreground": (estimated, FUSED_CODES),
    "blur": (blurred, FUSED_CODES),
    "lut": (looked_up, 1e-3),  # of 255: float32
    "light": (to_half, 0),
    "merge": (merged, 1e-5),  # of about 1: float32
    "closed_form": (redrawn, CLOSED_FORM),
}
TRAINING = {"compose", "crops", "augment"}  # sizes of a pixel are among their own cases


def test_every_op_has_a_case() -> None:
    assert {name.partition(" ")[0] for name in OPS} == set(UNITS) - TRAINING


def written(op: Op, size: tuple[int, int], before: int) -> list[NDArray[Any]]:
    """What the op makes of outputs whose bytes were all ``before``."""
    frames: list[Framed] = []

    def make(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
        frames.append(framed(shape, dtype))
        inside: NDArray[Any] = frames[-1].inside
        inside[...] = np.full(inside.dtype.itemsize, before, np.uint8).view(inside.dtype)[0]
        return inside

    op(*size, make)
    assert all(frame.untouched() for frame in frames)
    return [frame.inside.astype(np.float64) for frame in frames]


@pytest.mark.skipif(COMPILER is None, reason="no g++ to run the CUDA source with")
@pytest.mark.parametrize("name", OPS)
def test_the_smallest_pictures(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    op, allowed = OPS[name]
    for size in SIZES:
        here = written(op, size, 0)
        monkeypatch.setattr(runtime, "stand_in", HostCuda())
        there, again = written(op, size, 0), written(op, size, 0xFF)
        monkeypatch.setattr(runtime, "stand_in", None)
        for cpus, gpus, others in zip(here, there, again, strict=True):
            assert np.isfinite(gpus).all(), size
            assert np.array_equal(gpus, others), f"{size}: what lay there before shows"
            assert np.abs(gpus - cpus).max() <= allowed, size
