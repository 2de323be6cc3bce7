"""The published losses against values that the authors' own code gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from streammat.models import GfmOutput, RimOutput, Rosta  # noqa: E402
from streammat.training.losses import DEFECTS, terms  # noqa: E402
from streammat.training.losses.official import SHARE, Truth, rim_parts, rosta_parts  # noqa: E402
from streammat.training.parallel import Group  # noqa: E402
from tests.tolerances import GOLDEN_LOSS  # noqa: E402


@pytest.fixture(scope="module")
def golden(gfm_reference: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((gfm_reference / "losses.json").read_text())
    return values


@pytest.fixture(scope="module")
def inputs(gfm_reference: Path) -> dict[str, Tensor]:
    with np.load(gfm_reference / "loss_inputs.npz") as stored:
        return {name: torch.from_numpy(stored[name]) for name in stored}


@pytest.fixture(scope="module")
def truth(inputs: dict[str, Tensor]) -> Truth:
    maps = {name: inputs[name] / 255 for name in ("alpha", "trimap", "dilation", "erosion")}
    return Truth(rgb=inputs["img"], foreground=inputs["fg"], background=inputs["bg"], **maps)


def close(value: Tensor, expected: float) -> bool:
    return float(value) == pytest.approx(expected, rel=GOLDEN_LOSS)


def test_every_term_has_its_golden_value(
    golden: dict[str, Any], inputs: dict[str, Tensor], truth: Truth
) -> None:
    focus, fused, glance = inputs["pred_focus"], inputs["pred_fused"], inputs["pred_glance3"]
    band = terms.transition_of(truth.trimap)
    for name, rosta in (
        ("mask", Rosta.TT),
        ("dilation_subtraction", Rosta.BT),
        ("erosion_subtraction", Rosta.FT),
    ):
        target = truth.focus_target(rosta)
        found = terms.alpha_loss_within(focus, target, band, Group())
        assert close(found, golden[f"alpha_unknown_{name}"])
        found = terms.laplacian_loss(focus, target, band)
        assert close(found, golden[f"laplacian_unknown_{name}"])
    assert close(terms.alpha_loss(fused, truth.alpha), golden["alpha_whole"])
    assert close(terms.laplacian_loss(fused, truth.alpha), golden["laplacian_whole"])
    found = terms.composition_loss(fused, truth.foreground, truth.background, truth.rgb)
    assert close(found, golden["composition_whole"])
    classes = terms.glance_classes(truth.trimap, 3, two_is_foreground=True)
    assert close(terms.cross_entropy(glance, classes), golden["CE3_trimap"])
    for name, labels in (
        ("dilation", truth.dilation),
        ("erosion", truth.erosion),
        ("mask", truth.alpha),
    ):
        found = terms.cross_entropy(glance[:, :2], terms.glance_classes(labels, 2))
        assert close(found, golden[f"CE2_{name}"])


def test_the_gradient_of_the_alpha_loss_is_golden(
    golden: dict[str, Any], inputs: dict[str, Tensor], truth: Truth
) -> None:
    fused = inputs["pred_fused"].clone().requires_grad_()
    loss = terms.alpha_loss(fused, truth.alpha) + terms.laplacian_loss(fused, truth.alpha)
    loss = loss + terms.composition_loss(fused, truth.foreground, truth.background, truth.rgb)
    loss.backward()  # type: ignore[no-untyped-call]
    assert fused.grad is not None
    assert close(fused.grad.abs().sum(), golden["grad_whole_sum_abs"])
    assert close(fused.grad[0, 0, 10, 10], golden["grad_whole_[0,0,10,10]"])


def test_the_kernel_and_the_pyramid_are_golden(golden: dict[str, Any]) -> None:
    np.testing.assert_allclose(
        terms.laplacian_kernel()[0, 0].numpy(), golden["gauss_kernel_5x5"], rtol=1e-6
    )
    maps = terms.laplacian_pyramid(torch.zeros(2, 1, 64, 64))
    assert [list(level.shape) for level in maps] == golden["pyramid_shapes_for_64"]


def test_classes_are_golden_and_the_value_two_is_corrected(golden: dict[str, Any]) -> None:
    labels = torch.tensor(golden["class_map_input"])[None, None, None] / 255
    released = terms.glance_classes(labels, 3, two_is_foreground=True)
    assert released.flatten().tolist() == golden["class_map_3"]
    assert terms.glance_classes(labels, 2).flatten().tolist() == golden["class_map_2"]
    corrected = terms.glance_classes(labels, 3).flatten().tolist()
    assert corrected == [0, 1, 1, 1, 1, 1, 1, 1, 2]


@pytest.mark.parametrize("rosta", [Rosta.TT, Rosta.FT, Rosta.BT])
def test_totals_are_golden_with_the_released_defects(
    rosta: Rosta, golden: dict[str, Any], inputs: dict[str, Tensor], truth: Truth
) -> None:
    """The golden totals take a given fused alpha; ours is fused from glance and focus, so the
    fused parts are replaced by those of the given one."""
    glance = inputs["pred_glance3"][:, : rosta.glance_channels]
    parts = rosta_parts(GfmOutput(glance, inputs["pred_focus"]), truth, rosta, kept=DEFECTS)
    fused = inputs["pred_fused"]
    alpha = terms.alpha_loss(fused, truth.alpha) + terms.laplacian_loss(fused, truth.alpha)
    layers = (truth.foreground, truth.background, truth.rgb)
    parts = parts._replace(alpha=alpha, composition=terms.composition_loss(fused, *layers))
    name = "TOTAL_TT" if rosta is Rosta.TT else f"TOTAL_{rosta}_as_released"
    assert close(SHARE * parts.total, golden[name])


def test_ft_and_bt_learn_targets_that_fit_their_fusion(truth: Truth) -> None:
    """With perfect outputs the fused alpha is the true one: k + focus for FT, k - focus for BT."""
    for rosta, sign in ((Rosta.FT, 1), (Rosta.BT, -1)):
        core = terms.glance_classes(truth.glance_labels(rosta), 2)[:, None].float()
        whole = (truth.dilation == 0) | (truth.dilation == 1)  # not interpolated by the resize
        whole &= (truth.erosion == 0) | (truth.erosion == 1)
        fused = core + sign * truth.focus_target(rosta)
        assert torch.allclose(fused[whole], truth.alpha[whole], atol=1e-6)
        released = truth.glance_labels(rosta, as_released=True)
        assert not torch.equal(released, truth.glance_labels(rosta))


def test_rim_trains_the_bt_heads_unless_the_defect_is_kept() -> None:
    rng = torch.Generator().manual_seed(3)

    def maps(channels: int) -> Tensor:
        drawn: Tensor = torch.rand(1, channels, 32, 32, generator=rng)
        return drawn.requires_grad_()

    tt, ft, bt = (GfmOutput(maps(channels), maps(1)) for channels in (3, 2, 2))
    output = RimOutput(tt, ft, bt, maps(1))
    with torch.no_grad():
        labels = (maps(1) * 255).round() / 255
        truth = Truth(maps(3) * 255, labels, maps(3), maps(3), labels, labels, labels)
    for kept, reached in ((set[str](), True), ({"rim_bt_heads"}, False)):
        total = torch.stack(list(rim_parts(output, truth, kept=kept).values())).sum()
        slope = torch.autograd.grad(total, output.bt.glance, allow_unused=True)[0]
        assert (slope is not None) is reached
