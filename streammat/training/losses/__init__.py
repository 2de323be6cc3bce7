"""Losses: `light` for light models and short runs, `official` as published with GFM."""

from streammat.training.losses.light import (
    Losses,
    change_loss,
    gfm_losses,
    laplacian_loss,
    soft_fusion,
    transition_radius,
    trimap_classes,
)
from streammat.training.losses.objective import LOSSES, Loss, Objective, forward
from streammat.training.losses.official import DEFECTS

__all__ = [
    "DEFECTS",
    "LOSSES",
    "Loss",
    "Losses",
    "Objective",
    "change_loss",
    "forward",
    "gfm_losses",
    "laplacian_loss",
    "soft_fusion",
    "transition_radius",
    "trimap_classes",
]
