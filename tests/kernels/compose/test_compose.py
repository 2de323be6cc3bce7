"""Composition and its gradients against the definition; torch's own checker; resizing backwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streammat_kernels.compose import compose, compose_gradients, reference
from streammat_kernels.errors import ShapeError
from tests.tolerances import FLOAT32_SUMS

SIDE = st.integers(1, 9)


def batch(number: int, height: int, width: int, seed: int) -> list[NDArray[np.float32]]:
    dice = np.random.default_rng(seed)
    shape = number, 3, height, width
    images = [dice.normal(size=shape).astype(np.float32) for _ in range(3)]
    alpha = dice.random((number, 1, height, width), np.float32)
    alpha[dice.random(alpha.shape) < 0.2] = 0
    alpha[dice.random(alpha.shape) < 0.2] = 1
    return [images[0], images[1], alpha, images[2]]


def test_a_case_by_hand() -> None:
    near, far = (np.full((1, 1, 1, 3), value, np.float32) for value in (8, 4))
    alpha = np.array([0, 0.25, 1], np.float32).reshape(1, 1, 1, 3)
    assert compose(near, far, alpha).ravel().tolist() == [4, 5, 8]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 3), SIDE, SIDE, st.integers(0, 1000))
def test_equals_the_definition(number: int, height: int, width: int, seed: int) -> None:
    near, far, alpha, gradient = batch(number, height, width, seed)
    out = np.full_like(near, np.nan)
    assert compose(near, far, alpha, out) is out
    assert np.abs(out - reference.compose(near, far, alpha)).max() <= FLOAT32_SUMS
    opaque, clear = (np.broadcast_to(alpha == value, near.shape) for value in (1, 0))
    assert (out[opaque] == near[opaque]).all()
    assert (out[clear] == far[clear]).all()
    found = compose_gradients(near, far, alpha, gradient)
    expected = reference.compose_gradients(near, far, alpha, gradient)
    for value, truth in zip(found, expected, strict=True):
        assert np.abs(value - truth).max() <= 10 * FLOAT32_SUMS


def test_the_result_may_replace_an_input() -> None:
    near, far, alpha, _ = batch(2, 5, 4, 0)
    expected = compose(near, far, alpha)
    for index in (0, 1):
        arrays = near.copy(), far.copy()
        assert (compose(*arrays, alpha, arrays[index]) == expected).all()


@pytest.mark.parametrize(
    ("index", "wrong", "message"),
    [
        (0, np.zeros((2, 3, 4), np.float32), "foreground has shape"),
        (1, np.zeros((2, 3, 5, 5), np.float32), "background is"),
        (2, np.zeros((2, 3, 5, 4), np.float32), "alpha is"),
        (2, np.zeros((2, 1, 5, 4)), "alpha is float64"),
        (1, np.zeros((2, 3, 4, 5), np.float32).transpose(0, 1, 3, 2), "background is"),
    ],
)
def test_wrong_arrays_are_named(index: int, wrong: Any, message: str) -> None:
    arrays: list[Any] = batch(2, 5, 4, 0)[:3]
    arrays[index] = wrong
    with pytest.raises(ShapeError, match=message):
        compose(*arrays)
