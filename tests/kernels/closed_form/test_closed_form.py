"""Closed-form refinement: the definition and its exact solution, hair found again, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels.closed_form import (
    FRAME,
    STILL,
    Settings,
    Workspace,
    closed_form,
    reference,
)
from streammat_kernels.closed_form.model import WINDOW, steps_of
from streammat_kernels.errors import ShapeError
from tests.tolerances import CLOSED_FORM, CLOSED_FORM_CONVERGED

Floats = NDArray[np.float32]


def noisy_picture(rows: int, columns: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Alpha that rises from 0 to 1, and colours that have nothing to do with it."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(-0.5, 1.5, columns) + rng.normal(0, 0.1, (rows, columns))
    rgb = rng.random((3, rows, columns)) * 255
    return ramp.clip(0, 1).astype(np.float32), rgb.astype(np.float32)


def striped_picture() -> tuple[Floats, Floats, Floats]:
    """Strands on a plain background: the alpha, its picture, and the alpha blurred away."""
    alpha = np.zeros((40, 56))
    alpha[:, :18] = 1
    alpha[::4, 18:34] = 0.8
    across = np.linspace(0, 1, 56)
    front = np.stack([np.full((40, 56), level) for level in (60.0, 30.0, 20.0)])
    back = np.stack([np.tile(level + 20 * across, (40, 1)) for level in (120.0, 190.0, 220.0)])
    smooth = alpha.copy()
    smooth[:, 16:36] = np.linspace(0.95, 0.05, 20)
    picture = alpha * front + (1 - alpha) * back
    return alpha.astype(np.float32), picture.astype(np.float32), smooth.astype(np.float32)


@pytest.mark.parametrize("settings", [FRAME, STILL])
@pytest.mark.parametrize("size", [(20, 27), (3, 3), (1, 9), (8, 2), (1, 1)])
def test_equals_the_definition(settings: Settings, size: tuple[int, int]) -> None:
    alpha, rgb = noisy_picture(*size)
    expected = reference.closed_form(alpha, rgb, settings)
    np.testing.assert_allclose(
        closed_form(alpha, rgb, settings=settings), expected, rtol=0, atol=CLOSED_FORM
    )


def test_steps_lead_to_the_solution_of_the_equations() -> None:
    alpha, rgb = noisy_picture(14, 16)
    settings = FRAME._replace(steps=300, slowest=FRAME.trust)
    unknown = reference.unknown_samples(alpha.astype(np.float64)).ravel()
    assert 20 < unknown.sum() < unknown.size
    matrix = reference.laplacian(rgb.astype(np.float64) / 255, settings.noise)
    known = alpha.ravel().round() * ~unknown
    solved = np.linalg.solve(
        matrix[np.ix_(unknown, unknown)] + settings.trust * np.eye(unknown.sum()),
        settings.trust * alpha.ravel()[unknown] - (matrix @ known)[unknown],
    )
    found = closed_form(alpha, rgb, settings=settings).ravel()[unknown]
    np.testing.assert_allclose(found, solved.clip(0, 1), rtol=0, atol=CLOSED_FORM_CONVERGED)


def test_no_eigenvalue_is_beyond_the_bound_of_the_steps() -> None:
    _, rgb = noisy_picture(12, 13)
    values = np.linalg.eigvalsh(reference.laplacian(rgb.astype(np.float64) / 255, 1e-6))
    assert values[0] > -1e-9
    assert values[-1] < WINDOW


def test_the_first_step_is_plain_descent() -> None:
    first, second = steps_of(FRAME)[:2]
    assert first.keep == 0
    assert first.rate == pytest.approx(2 / (WINDOW + FRAME.trust + FRAME.slowest))
    assert 0 < second.keep < 1


@pytest.mark.parametrize(("settings", "left"), [(FRAME, 0.9), (STILL, 0.5)])
def test_finds_strands_that_the_alpha_blurred(settings: Settings, left: float) -> None:
    alpha, rgb, smooth = striped_picture()
    found = closed_form(smooth, rgb, settings=settings)
    band = np.s_[4:-4, 20:32]
    before = np.abs(smooth - alpha)[band].mean()
    assert np.abs(found - alpha)[band].mean() < left * before


def test_known_samples_stay_as_they_are() -> None:
    alpha, rgb = noisy_picture(24, 40)
    known = ~reference.unknown_samples(alpha.astype(np.float64))
    found = closed_form(alpha, rgb)
    assert known.any()
    assert np.array_equal(found[known], alpha[known])
    assert found.min() >= 0
    assert found.max() <= 1


def test_an_alpha_without_transition_is_copied() -> None:
    alpha, rgb = noisy_picture(9, 12)
    alpha = alpha.round()
    assert np.array_equal(closed_form(alpha, rgb), alpha)


def test_only_the_content_counts() -> None:
    alpha, rgb = noisy_picture(16, 24)
    content = 13, 19
    inside = np.ascontiguousarray(rgb[:, :13, :19])
    expected = closed_form(alpha[:13, :19].copy(), inside)
    found = closed_form(alpha, rgb, content=content)
    assert np.array_equal(found[:13, :19], expected)
    assert np.array_equal(found[13:], alpha[13:])
    assert np.array_equal(found[:, 19:], alpha[:, 19:])


def test_a_workspace_leaves_no_trace_and_out_may_be_alpha() -> None:
    workspace = Workspace(20, 27)
    first, second = noisy_picture(20, 27, 1), noisy_picture(20, 27, 2)
    expected = closed_form(*second)
    closed_form(*first, workspace=workspace)
    alpha, rgb = second
    assert closed_form(alpha, rgb, alpha, workspace=workspace) is alpha
    assert np.array_equal(alpha, expected)


def test_refuses_what_does_not_belong_together() -> None:
    alpha, rgb = noisy_picture(8, 9)
    with pytest.raises(ShapeError, match=r"float32 \(3, 8, 9\)"):
        closed_form(alpha, rgb[:, :7])
    with pytest.raises(ShapeError, match=r"\(h, w\) float32"):
        closed_form(alpha.astype(np.float64), rgb)
    with pytest.raises(ShapeError, match="contiguous float32"):
        closed_form(alpha, rgb, np.empty((2, 2), np.float32))
    with pytest.raises(ShapeError, match="content"):
        closed_form(alpha, rgb, content=(9, 9))
    with pytest.raises(ShapeError, match="at least one step"):
        closed_form(alpha, rgb, settings=FRAME._replace(steps=0))
