"""Loading and saving weights without ever executing a pickle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from streammat.models.encoders import fold_lite0_state
from streammat.models.gfm import Gfm
from streammat.models.weight_files import load_checkpoint, save_checkpoint

__all__ = ["load_checkpoint", "load_encoder", "load_state", "save_checkpoint"]


def load_state(path: Path) -> dict[str, Any]:
    """A dictionary of tensors and plain values; files that hold code are refused."""
    state = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(state, dict):
        raise ValueError(f"{path} does not hold a dictionary")
    return state


def load_encoder(model: Gfm, path: Path) -> None:
    """Start the encoder from published EfficientNet-Lite0 ImageNet weights."""
    state: dict[str, Tensor] = load_state(path)
    model.encoder.load_state_dict(fold_lite0_state(state))
