from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cv2  # noqa: E402
from torch import Tensor  # noqa: E402

from streammat.models.gfm import GfmLogits  # noqa: E402
from streammat.training.losses import (  # noqa: E402
    gfm_losses,
    laplacian_loss,
    soft_fusion,
    transition_radius,
    trimap_classes,
)


def soft_disc() -> Tensor:
    """(1, 1, 64, 96) alpha of a soft disc."""
    alpha = np.zeros((64, 96), np.float32)
    cv2.circle(alpha, (48, 32), 18, 1.0, -1)
    soft: Tensor = torch.from_numpy(cv2.GaussianBlur(alpha, (0, 0), 1.5))
    return soft[None, None]


def perfect_logits(alpha: Tensor) -> GfmLogits:
    height, width = alpha.shape[-2:]
    classes = trimap_classes(alpha, transition_radius(height, width))
    return GfmLogits((classes * 2 - 1) * 20, torch.logit(alpha.clamp(1e-6, 1 - 1e-6)))


def test_classes_are_one_hot_and_the_transition_surrounds_the_edge() -> None:
    alpha = soft_disc()
    classes = trimap_classes(alpha, 3)
    assert torch.equal(classes.sum(1), torch.ones(1, 64, 96))
    background, transition, foreground = classes[0].bool()
    assert alpha[0, 0][background].max() < 0.02
    assert alpha[0, 0][foreground].min() > 0.98
    assert transition[32, 48 + 18]
    assert foreground[32, 48]
    assert background[0, 0]


def test_the_transition_grows_with_the_picture() -> None:
    assert transition_radius(32, 32) == 3
    assert transition_radius(512, 288) > transition_radius(256, 192)


def test_perfect_outputs_cost_almost_nothing_and_wrong_ones_much() -> None:
    alpha = soft_disc()
    good = gfm_losses(perfect_logits(alpha), alpha)
    bad = gfm_losses(perfect_logits(1 - alpha), alpha)
    assert float(good.total) < 0.05
    assert float(bad.total) > 20 * float(good.total)


def test_soft_fusion_equals_the_hard_one_for_sure_classes() -> None:
    focus = torch.full((1, 1, 2, 3), 0.4)
    glance = torch.zeros(1, 3, 2, 3)
    for k, expected in enumerate((0.0, 0.4, 1.0)):
        glance.zero_()[:, k] = 1
        torch.testing.assert_close(soft_fusion(glance, focus), torch.full((1, 1, 2, 3), expected))


def test_laplacian_loss_is_zero_for_equal_maps_only() -> None:
    alpha = soft_disc()
    assert float(laplacian_loss(alpha, alpha)) == 0
    assert float(laplacian_loss(alpha, alpha.roll(2, 3))) > 0


def test_the_alpha_loss_reaches_both_decoders() -> None:
    alpha = soft_disc()
    logits = GfmLogits(*(t.clone().requires_grad_() for t in perfect_logits(1 - alpha)))
    gfm_losses(logits, alpha).alpha.backward()  # type: ignore[no-untyped-call]
    for part in logits:
        assert part.grad is not None
        assert float(part.grad.abs().sum()) > 0
