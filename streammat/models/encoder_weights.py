"""The light encoder's published ImageNet weights."""

from __future__ import annotations

from pathlib import Path

from streammat.errors import CheckpointError
from streammat.models.encoders import fold_lite0_state
from streammat.models.gfm import Gfm
from streammat.models.state_files import read_state

__all__ = ["load_encoder"]


def load_encoder(model: Gfm, path: Path) -> None:
    """Start the encoder from published EfficientNet-Lite0 weights; its batch norms are folded in.

    Args:
        model: a light network; the rest of it stays as it is.
        path: a PyTorch or safetensors file of tensors.

    Raises:
        CheckpointError: the file is missing, damaged, holds code, or is of another network.
    """
    state = read_state(path)
    try:
        model.encoder.load_state_dict(fold_lite0_state(state))
    except (KeyError, RuntimeError) as error:  # a tensor is not there, or of another size
        lacking = f"it has no {error}" if isinstance(error, KeyError) else "its tensors do not fit"
        raise CheckpointError(
            f"weight file {path} is not EfficientNet-Lite0's for ImageNet ({lacking}): pass the "
            "published file, or all weights of a network with --start"
        ) from error
