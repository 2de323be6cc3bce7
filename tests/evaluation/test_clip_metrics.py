"""Flicker: dtSSD and MESSDdt of clips that can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest

from streammat.errors import ShapeError
from streammat.evaluation import dtssd, messddt


def test_a_constant_error_does_not_flicker() -> None:
    gt = np.random.default_rng(1).random((4, 6, 7)) / 2
    assert dtssd(gt + 0.25, gt) == pytest.approx(0, abs=1e-12)
    assert messddt(gt + 0.25, gt) == pytest.approx(0, abs=1e-12)


def test_a_blinking_pixel_by_hand() -> None:
    gt = np.zeros((3, 4, 4))
    pred = gt.copy()
    pred[1, 0, 0] = 1.0
    # Both steps change one of sixteen pixels by 1: the root of a sixteenth, a mean of a sixteenth.
    assert dtssd(pred, gt) == pytest.approx(25.0)
    assert messddt(pred, gt) == pytest.approx(100 / 16)


def test_an_error_that_moves_with_the_flow_does_not_count() -> None:
    gt = np.zeros((2, 5, 8))
    pred = gt.copy()
    pred[0, 2, 3] = pred[1, 2, 4] = 0.5
    flow = np.zeros((1, 5, 8, 2))
    flow[..., 0] = 1.0  # everything moves one pixel to the right
    assert messddt(pred, gt, flow) == pytest.approx(0, abs=1e-12)
    assert messddt(pred, gt) == pytest.approx(100 * 2 * 0.25 / 40)


def test_points_that_leave_the_picture_are_left_out() -> None:
    gt = np.zeros((2, 3, 4))
    pred = gt.copy()
    pred[0, :, 3] = 1.0  # moves out to the right
    flow = np.zeros((1, 3, 4, 2))
    flow[..., 0] = 1.0
    assert messddt(pred, gt, flow) == pytest.approx(0, abs=1e-12)
    assert messddt(pred, gt, flow + 100) == 0


def test_clips_of_bytes_are_full_scale() -> None:
    gt = np.zeros((2, 2, 2), np.uint8)
    pred = gt.copy()
    pred[1] = 255
    assert dtssd(pred, gt) == pytest.approx(100)


def test_a_single_frame_and_unequal_lengths_are_refused() -> None:
    with pytest.raises(ShapeError, match="two or more"):
        dtssd(np.zeros((1, 2, 2)), np.zeros((1, 2, 2)))
    with pytest.raises(ShapeError, match="3 frames and the true alpha 2"):
        messddt(np.zeros((3, 2, 2)), np.zeros((2, 2, 2)))
    with pytest.raises(ShapeError, match="1 are needed"):
        messddt(np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), np.zeros((2, 2, 2, 2)))
