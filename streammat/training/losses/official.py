"""GFM's published loss for TT, FT, BT and RIM, and what its released code does differently.

Source: see `terms`. A defect of the released code is corrected unless it is named in `kept`, which
exists so that the published figures can be repeated.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from torch import Tensor

from streammat.models.gfm import GfmOutput
from streammat.models.rim import HEADS, RimOutput, fuse_in_graph
from streammat.models.rosta import Rosta
from streammat.training.losses import terms
from streammat.training.parallel import Group

SHARE = 0.25  # of each of the four parts of a TT, FT or BT loss; RIM adds them up whole

DEFECTS = {
    "ft_bt_glance_targets": (
        "stand-alone FT learns its glance from the dilated alpha and BT from alpha = 255, which "
        "contradicts their fusions; corrected: FT from the eroded, BT from the dilated alpha"
    ),
    "rim_bt_heads": (
        "RIM's BT loss is taken on the FT heads, so that the BT heads learn from the merged alpha "
        "alone; corrected: on the BT heads"
    ),
    "label_two": (
        "a trimap value of 2 (of 255), which the resize makes, counts as foreground; "
        "corrected: as transition, as every value between"
    ),
}
"""Defects of the released loss by name: what is wrong, and what is done instead."""


class Truth(NamedTuple):
    """What a batch is compared with; see `streammat.training.batch.Batch` for shapes and ranges."""

    rgb: Tensor
    alpha: Tensor
    foreground: Tensor
    background: Tensor
    trimap: Tensor
    dilation: Tensor
    erosion: Tensor

    def glance_labels(self, rosta: Rosta, *, as_released: bool = False) -> Tensor:
        """The label map that glance learns: (B, 1, H, W)."""
        if rosta is Rosta.TT:
            return self.trimap
        if as_released:
            return self.dilation if rosta is Rosta.FT else self.alpha
        return self.erosion if rosta is Rosta.FT else self.dilation

    def focus_target(self, rosta: Rosta) -> Tensor:
        """What focus learns inside the transition: (B, 1, H, W), 0..1."""
        if rosta is Rosta.TT:
            return self.alpha
        return self.alpha - self.erosion if rosta is Rosta.FT else self.dilation - self.alpha


class Parts(NamedTuple):
    """The parts of one representation's loss."""

    glance: Tensor
    focus: Tensor
    alpha: Tensor
    composition: Tensor

    @property
    def total(self) -> Tensor:
        """Their plain sum."""
        return self.glance + self.focus + self.alpha + self.composition


def alpha_parts(alpha: Tensor, truth: Truth) -> tuple[Tensor, Tensor]:
    """Alpha with Laplacian loss, and composition loss, of a final alpha (B, 1, H, W)."""
    whole = terms.alpha_loss(alpha, truth.alpha) + terms.laplacian_loss(alpha, truth.alpha)
    return whole, terms.composition_loss(alpha, truth.foreground, truth.background, truth.rgb)


def rosta_parts(
    output: GfmOutput,
    truth: Truth,
    rosta: Rosta,
    group: Group | None = None,
    *,
    kept: Collection[str] = (),
    alone: bool = True,
) -> Parts:
    """The parts of the loss of one representation.

    Args:
        output: glance and focus, 0..1.
        truth: of the batch.
        rosta: TT, FT or BT.
        group: the processes that share the batch.
        kept: names of `DEFECTS` that are not corrected.
        alone: a network of this representation only; False inside RIM.
    """
    group = group or Group()
    labels = truth.glance_labels(rosta, as_released=alone and "ft_bt_glance_targets" in kept)
    classes = terms.glance_classes(
        labels, output.glance.shape[1], two_is_foreground="label_two" in kept
    )
    band, target = terms.transition_of(truth.trimap), truth.focus_target(rosta)
    focus = terms.alpha_loss_within(output.focus, target, band, group)
    focus = focus + terms.laplacian_loss(output.focus, target, band)
    alpha, composition = alpha_parts(fuse_in_graph(*output, rosta), truth)
    return Parts(terms.cross_entropy(output.glance, classes), focus, alpha, composition)


def rim_parts(
    output: RimOutput, truth: Truth, group: Group | None = None, *, kept: Collection[str] = ()
) -> dict[str, Tensor]:
    """The parts of RIM's loss by name; their plain sum is what is minimised."""
    heads = {Rosta.TT: output.tt, Rosta.FT: output.ft, Rosta.BT: output.bt}
    parts: dict[str, Tensor] = {}
    for rosta in HEADS:
        of_ft = rosta is Rosta.BT and "rim_bt_heads" in kept
        head, fused_as = (heads[Rosta.FT], Rosta.FT) if of_ft else (heads[rosta], rosta)
        found = _rim_head(head, fused_as, rosta, truth, group, kept)
        parts |= {f"{name}_{rosta.lower()}": value for name, value in found._asdict().items()}
    parts["alpha"], parts["composition"] = alpha_parts(output.alpha, truth)
    return parts


def _rim_head(
    head: GfmOutput,
    fused_as: Rosta,
    rosta: Rosta,
    truth: Truth,
    group: Group | None,
    kept: Collection[str],
) -> Parts:
    """One representation inside RIM; `fused_as` differs from `rosta` for the kept defect only."""
    parts = rosta_parts(head, truth, rosta, group, kept=kept, alone=False)
    if fused_as is rosta:
        return parts
    alpha, composition = alpha_parts(fuse_in_graph(*head, fused_as), truth)
    return parts._replace(alpha=alpha, composition=composition)
