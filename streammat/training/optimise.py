"""What changes the weights: parameter groups, frozen parts, the moving average of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from streammat.models import Gfm, GfmNetwork

OPTIMIZERS = ("adamw", "adam")
_ENCODER = ("encoder", "resnet.", "densenet.")  # a released network's stages have twins there


def encoder_stages(model: GfmNetwork) -> list[list[nn.Module]]:
    """The parts of the encoder by stage, from the input."""
    if isinstance(model, Gfm):
        return model.encoder.stages()
    count = len(model.layout.features)
    return [[model.get_submodule(f"encoder{k}")] for k in range(count)]


def freeze(model: GfmNetwork, stages: int) -> None:
    """Stop training the first `stages` stages of the encoder; the others are trained."""
    for number, parts in enumerate(encoder_stages(model)):
        for part in parts:
            part.requires_grad_(number >= stages)


def set_training(model: GfmNetwork, stages: int, *, frozen_norms: bool) -> None:
    """Training mode, except batch norms that keep their statistics.

    Those are the ones in the first `stages` stages of the encoder, whose weights do not change, and
    all of them with `frozen_norms`.
    """
    model.train()
    for norm in _norms(model) if frozen_norms else ():
        norm.eval()
    for parts in encoder_stages(model)[:stages]:
        for part in parts:
            part.eval()


def _norms(model: nn.Module) -> Iterator[nn.Module]:
    return (part for part in model.modules() if isinstance(part, nn.BatchNorm2d))


def make_optimizer(
    model: GfmNetwork,
    encoder_lr: float,
    decoder_lr: float,
    weight_decay: float = 0.0,
    name: str = "adamw",
) -> torch.optim.Optimizer:
    """Encoder and decoders with their own rates; no decay on biases and norms.

    Args:
        model: frozen parameters are left out.
        encoder_lr: rate of the encoder; kept in each group as ``base`` too.
        decoder_lr: rate of everything else.
        weight_decay: of weights with two dimensions or more.
        name: ``adamw`` or ``adam``, with betas 0.9 and 0.999 and epsilon 1e-8.
    """
    groups: list[dict[str, Any]] = []
    trained = [(key, p) for key, p in model.named_parameters() if p.requires_grad]
    for inside, rate in ((True, encoder_lr), (False, decoder_lr)):
        part = [p for key, p in trained if key.startswith(_ENCODER) == inside]
        for many in (True, False):
            params = [p for p in part if (p.ndim > 1) == many]
            decay = weight_decay if many else 0.0
            groups.append({"params": params, "base": rate, "lr": rate, "weight_decay": decay})
    kind = torch.optim.AdamW if name == "adamw" else torch.optim.Adam
    return kind(groups)


def set_rates(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Every group's rate as a share of its base."""
    for group in optimizer.param_groups:
        group["lr"] = group["base"] * factor


def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """average += (1 - decay) (model - average) for parameters and running statistics."""
    with torch.no_grad():
        target = dict(average.state_dict())
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                target[name].lerp_(value, 1 - decay)
            else:
                target[name].copy_(value)
