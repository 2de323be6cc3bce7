"""Motion between two maps: the definition, known motion, what has none, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels import runtime
from streammat_kernels.errors import ShapeError
from streammat_kernels.motion import Workspace, estimate, reference
from streammat_kernels.motion.plan import LONGEST, plan
from tests.tolerances import MOTION_FOUND_SAMPLES, MOTION_SAMPLES

Map = NDArray[np.float32]


def texture(rows: int, columns: int, x: float = 0.0, y: float = 0.0) -> Map:
    """Waves of several lengths, moved by (x, y)."""
    down, across = np.mgrid[:rows, :columns].astype(np.float64)
    down, across = down - y, across - x
    waves = np.sin(across / 3.1 + down / 7.3) + np.sin(down / 4.3 - across / 11.0)
    slow = np.sin(across / 17.0) * np.cos(down / 23.0)
    return np.asarray(120 + 20 * waves + 35 * slow, np.float32)


@pytest.mark.parametrize(
    "size",
    [
        (2, 2),  # one level
        (2, 9),
        (7, 5),
        (16, 16),  # two levels
        (33, 61),  # odd, so that each level leaves samples out
        (70, 131),
        (24, LONGEST + 11),  # longer than what is solved: shrunk first
        (90, 4 * LONGEST + 3),
    ],
)
def test_equals_the_definition(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    before = texture(*size)
    for moved in (texture(*size, 2.3, -1.6), rng.random(size, np.float32) * 255):
        expected = reference.estimate(before, moved + 4, 4.0)
        found = estimate(before, moved + np.float32(4), 4.0)
        assert found.shape == (2, *size)
        assert np.abs(found - expected).max() <= MOTION_SAMPLES


def test_sizes_of_the_cases_above_take_every_path() -> None:
    assert plan(2, 2) == (0, 0)
    assert plan(70, 131) == (0, 3)
    assert plan(24, LONGEST + 11) == (1, 1)
    assert plan(90, 4 * LONGEST + 3).finest > 1


def test_a_step_by_hand() -> None:
    # A ramp of 10 a sample that moved by half a sample: 5 of change over 10 of gradient. Of the
    # step the noise leaves 100 / (100 + 1), less at the ends, where the gradient is halved.
    before = np.repeat(np.float32(10) * np.arange(15, dtype=np.float32)[None], 7, axis=0)
    found = estimate(before, before - 5)
    assert found[0, 3, 7] == pytest.approx(-0.5 * 100 / 101, abs=MOTION_SAMPLES)
    assert np.abs(found[1]).max() <= MOTION_SAMPLES


@pytest.mark.parametrize("size", [(90, 160), (134, 480)])
def test_a_moved_texture_that_became_brighter_is_found(size: tuple[int, int]) -> None:
    # What is at x now was at x - 5 before.
    found = estimate(texture(*size), texture(*size, 5, -3) + 7, 7.0)
    inside = found[:, 16:-16, 16:-16]
    assert np.abs(inside[0] + 5).mean() <= MOTION_FOUND_SAMPLES
    assert np.abs(inside[1] - 3).mean() <= MOTION_FOUND_SAMPLES


def test_equal_and_flat_maps_have_no_motion() -> None:
    same = texture(40, 50)
    flat = np.full((40, 50), 80, np.float32)
    for before, now, shift in ((same, same, 0.0), (flat, flat, 0.0), (flat, flat + 9, 0.0)):
        assert (estimate(before, now, shift) == 0).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (12, 1)])
def test_one_row_or_column_has_no_motion(size: tuple[int, int]) -> None:
    out = np.full((2, *size), 7, np.float32)
    assert estimate(texture(*size), texture(*size, 3), 0.0, out) is out
    assert (out == 0).all()


def test_a_stale_workspace_and_poisoned_outputs_change_nothing() -> None:
    size = (40, LONGEST + 9)
    before, now = texture(*size), texture(*size, 1.5, 0.5)
    expected = estimate(before, now)
    workspace = Workspace(*size)
    estimate(now, texture(*size, -7, 4), 20.0, workspace=workspace)
    for given in (workspace, Workspace(8, 8)):
        out = np.full((2, *size), np.nan, np.float32)
        assert estimate(before, now, 0.0, out, workspace=given) is out
        np.testing.assert_array_equal(out, expected)


def test_on_a_gpu_two_launches_a_level_and_one_before_them(backend: str) -> None:
    if backend == "cpu":
        pytest.skip("launches are counted where CUDA kernels run")
    size = (68, 2 * LONGEST)
    workspace, out = Workspace(*size), np.empty((2, *size), np.float32)
    launches: list[str] = runtime.stand_in.launches  # type: ignore[union-attr]
    launches.clear()
    estimate(texture(*size), texture(*size, 2), 0.0, out, workspace=workspace)
    finest, coarsest = plan(*size)
    assert launches == ["motion.shrink"] + ["motion.solve", "motion.settle"] * (
        coarsest - finest + 1
    )


def test_a_shift_may_lie_on_the_device(backend: str) -> None:
    if backend == "cpu":
        pytest.skip("a kernel of the GPU's reads it")
    from streammat_kernels.motion import cuda

    size = (30, 44)
    before, now, out = texture(*size), texture(*size, 2) + 6, np.empty((2, *size), np.float32)
    measured: Any = np.array([6.0, 0.0], np.float32)
    cuda.estimate(before, now, measured, out, Workspace(*size))
    np.testing.assert_array_equal(out, estimate(before, now, 6.0))


def test_refuses_what_does_not_belong_together() -> None:
    plane = texture(10, 12)
    with pytest.raises(ShapeError, match="previous is float64"):
        estimate(plane.astype(np.float64), plane)
    with pytest.raises(ShapeError, match="current is float32"):
        estimate(plane[:, :8].copy(), plane[:, 2:10])
    with pytest.raises(ShapeError, match="differ in size"):
        estimate(plane, np.ascontiguousarray(plane[1:]))
    with pytest.raises(ShapeError, match="out is float32"):
        estimate(plane, plane, 0.0, np.empty((10, 12), np.float32))
