from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("cv2")

from streammat.training.video import (
    Flicker,
    compressed,
    draw_look,
    filmed,
    motion_kernel,
    smeared,
)


def _frame(height: int = 64, width: int = 96) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    y, x = np.mgrid[:height, :width]
    alpha = (np.hypot(y - 32, x - 48) < 20).astype(np.float32)
    image = np.stack([40 + x, 60 + y, 200 - x], 2).astype(np.float32)
    return image + 60 * alpha[..., None], alpha


def test_smear_moves_no_weight_and_follows_the_motion() -> None:
    _, alpha = _frame()
    kernel = motion_kernel((10.0, 0.0), 0.5)
    assert kernel is not None
    found = smeared(alpha, kernel)
    assert abs(float(found.sum() / alpha.sum()) - 1) < 1e-3
    soft = (found > 0.01) & (found < 0.99)
    assert soft[32].any()  # across
    assert not soft[:, 48].any()  # down
    assert motion_kernel((0.0, 0.0), 0.5) is None


def test_flicker_changes_brightness_a_little() -> None:
    drawn = [draw_look(np.random.default_rng(seed)).flicker for seed in range(40)]
    changes = [flicker.gains(64) for flicker in drawn if flicker is not None]
    assert 10 < len(changes) < 40
    for change in changes:
        assert change.shape == (64,)
        assert 0.85 < float(change.min()) <= float(change.max()) < 1.15
        assert abs(float(change.mean()) - 1) > 1e-4
    assert sum(np.ptp(change) > 1e-3 for change in changes) > 3  # bands
    assert np.array_equal(Flicker(1.02).gains(3), np.full(3, 1.02, np.float32))


def test_compression_damages_more_at_a_higher_factor() -> None:
    image, _ = _frame()
    noisy = image + np.random.default_rng(2).normal(0, 6, image.shape).astype(np.float32)
    losses = [float(np.abs(compressed(noisy, (4.0, 1.0), crf) - noisy).mean()) for crf in (18, 38)]
    assert 0 < losses[0] < losses[1] < 20


@pytest.mark.parametrize("seed", range(6))
def test_filmed_frames_keep_shape_and_range(seed: int) -> None:
    image, alpha = _frame()
    found, cover = filmed(image, alpha, draw_look(np.random.default_rng(seed)))
    assert found.shape == image.shape
    assert found.dtype == cover.dtype == np.float32
    assert 0 <= float(found.min()) <= float(found.max()) <= 255
    assert 0 <= float(cover.min()) <= float(cover.max()) <= 1.0001


def test_the_same_seed_films_the_same() -> None:
    image, alpha = _frame()
    first, again = (filmed(image, alpha, draw_look(np.random.default_rng(3))) for _ in range(2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
