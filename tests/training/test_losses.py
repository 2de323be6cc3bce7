from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import cv2  # noqa: E402
from torch import Tensor  # noqa: E402

from streammat.models import create_model  # noqa: E402
from streammat.models.gfm import GfmLogits  # noqa: E402
from streammat.training.batch import Batch  # noqa: E402
from streammat.training.losses import (  # noqa: E402
    Objective,
    change_loss,
    gfm_losses,
    laplacian_loss,
    soft_fusion,
    transition_radius,
    trimap_classes,
)
from streammat.training.parallel import Group  # noqa: E402

FIRST = torch.tensor([0])  # the pair of a batch of two
STILL = torch.eye(2, 3)[None]


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


def test_equal_errors_cost_no_change_and_a_flip_costs_more_the_larger_it_is() -> None:
    error = soft_disc().sub(0.3).repeat(2, 1, 1, 1)
    assert float(change_loss(error, FIRST, STILL)) < 1e-6  # rounding of the sampling grid
    costs = []
    for width in (4, 8, 16):
        flipped = error.clone()
        flipped[1, :, 20:36, 40 : 40 + width] += 0.8
        costs.append(float(change_loss(flipped, FIRST, STILL)))
    assert 0 < costs[0] < costs[1] < costs[2]


def test_one_large_change_costs_more_than_as_much_in_small_ones() -> None:
    few, many = torch.zeros(2, 1, 32, 32), torch.zeros(2, 1, 32, 32)
    few[1, :, 4:8, 4:8] = 1.0
    many[1, :, 4:12, 4:12] = 0.25
    assert change_loss(few, FIRST, STILL) > 1.2 * change_loss(many, FIRST, STILL)


def test_an_error_that_moves_with_the_subject_costs_no_change() -> None:
    disc = soft_disc()
    error = torch.cat([disc, disc.roll((2, -6), (2, 3))])
    back = torch.tensor([[[1.0, 0, 6 * 2 / 96], [0, 1, -2 * 2 / 64]]])
    moved, unmoved = (float(change_loss(error, FIRST, motion)) for motion in (back, STILL))
    assert moved < 1e-4 * unmoved


def test_pairs_count_alike_in_shares_of_a_batch() -> None:
    error = torch.rand(8, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    firsts, motion = torch.tensor([0, 2, 6]), STILL.repeat(3, 1, 1)
    whole = change_loss(error, firsts, motion)
    shares = [
        change_loss(error[:4], firsts[:2], motion[:2]),
        change_loss(error[4:], firsts[2:] - 4, motion[2:]),
    ]
    torch.testing.assert_close(torch.stack(shares).mean(), whole)
    assert float(change_loss(error, firsts[:0], motion[:0])) == 0


def test_change_is_a_part_of_the_loss_where_a_batch_has_pairs_only() -> None:
    alpha = soft_disc().repeat(2, 1, 1, 1)
    wrong = perfect_logits(alpha)
    wrong.glance[1] *= -1
    objective = Objective("light", create_model("gfm_lite0_tt"), Group())
    rgb = alpha.repeat(1, 3, 1, 1)
    plain = objective(wrong, Batch(rgb, alpha))
    paired = objective(wrong, Batch(rgb, alpha, pairs=FIRST, motion=STILL))
    assert set(plain.parts) == {"glance", "focus", "alpha"}
    assert set(paired.parts) == {"glance", "focus", "alpha", "change"}
    assert all(torch.equal(part, paired.parts[name]) for name, part in plain.parts.items())
    assert float(paired.parts["change"]) > 0
    torch.testing.assert_close(paired.total, plain.total + paired.parts["change"])
