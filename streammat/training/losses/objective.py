"""What a run minimises: a forward pass and the loss that the recipe names."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, cast

import torch
from torch import Tensor

from streammat.errors import ConfigError
from streammat.models import Gfm, GfmNetwork, GfmOutput, RimGfm, RimOutput, Rosta
from streammat.models.gfm import GfmLogits
from streammat.models.psp import matrices_like
from streammat.models.released import ReleasedGfm
from streammat.models.second_glance import second_glance_logits
from streammat.training.batch import Batch
from streammat.training.losses.light import gfm_losses
from streammat.training.losses.official import SHARE, Truth, rim_parts, rosta_parts
from streammat.training.parallel import Group

LOSSES = ("light", "official")


class Loss(NamedTuple):
    """What is minimised, and its parts for the log."""

    total: Tensor
    parts: dict[str, Tensor]


def forward(
    model: GfmNetwork, rgb: Tensor, *, second_glance: bool = False
) -> GfmLogits | RimOutput:
    """The network's outputs in training: logits, or RIM's outputs, which know one glance only."""
    matrices = matrices_like(rgb)
    if isinstance(model, RimGfm):
        return cast("RimOutput", model(rgb, matrices))
    return second_glance_logits(model, rgb) if second_glance else model.logits(rgb, matrices)


def in_float32(output: GfmLogits | RimOutput) -> GfmLogits | RimOutput:
    """Losses are taken in float32, whatever the network was computed in."""
    if isinstance(output, GfmLogits):
        return GfmLogits(*(part.float() for part in output))
    tt, ft, bt = (GfmOutput(*(part.float() for part in head)) for head in output[:3])
    return RimOutput(tt, ft, bt, output.alpha.float())


class Objective:
    """The loss of a recipe for a network.

    Args:
        name: ``light`` (see `light`) or ``official`` (see `official`).
        model: which it is for.
        kept: defects of the released loss that are not corrected.
        group: the processes that share a batch.

    Raises:
        ConfigError: an unknown loss, or one that does not fit the network.
    """

    def __init__(
        self, name: str, model: GfmNetwork, group: Group, kept: Collection[str] = ()
    ) -> None:
        if name not in LOSSES:
            raise ConfigError(f"loss {name!r}: use {' or '.join(LOSSES)}")
        fits = isinstance(model, (Gfm, ReleasedGfm)) and model.rosta is Rosta.TT
        if name == "light" and not fits:
            raise ConfigError("loss 'light' is for TT networks; FT, BT and RIM need 'official'")
        self.name, self._kept, self._group = name, frozenset(kept), group
        self._rosta = model.rosta

    def __call__(self, output: GfmLogits | RimOutput, batch: Batch) -> Loss:
        """The loss of one batch (its share, where processes share it).

        Raises:
            ConfigError: the batch lacks what the official loss needs.
        """
        output = in_float32(output)
        if self.name == "light":
            assert isinstance(output, GfmLogits)
            shots = batch.pairs, batch.motion
            light = gfm_losses(output, batch.alpha, self._group, *shots)._asdict()
            parts = {name: part for name, part in light.items() if part is not None}
            return Loss(parts.pop("total"), parts)
        truth = truth_of(batch)
        if isinstance(output, RimOutput):
            parts = rim_parts(output, truth, self._group, kept=self._kept)
            return Loss(torch.stack(list(parts.values())).sum(), parts)
        maps = GfmOutput(*(torch.sigmoid(part) for part in output))
        found = rosta_parts(maps, truth, self._rosta, self._group, kept=self._kept)
        return Loss(SHARE * found.total, found._asdict())


def truth_of(batch: Batch) -> Truth:
    """What the official loss compares with.

    Raises:
        ConfigError: the source of the batch does not make label maps or layers.
    """
    lacking = [name for name in Truth._fields if getattr(batch, name) is None]
    if lacking:
        raise ConfigError(
            f"loss 'official' needs {', '.join(lacking)} with every sample, which this data does "
            'not give; use data with foreground and background, or loss = "light"'
        )
    return Truth(*(getattr(batch, name) for name in Truth._fields))
