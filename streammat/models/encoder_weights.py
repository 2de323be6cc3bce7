"""An encoder's published ImageNet weights as the start of a network."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from streammat.errors import CheckpointError
from streammat.models.encoder_files import ENCODERS, FILES, encoder_in
from streammat.models.encoders import fold_lite0_state
from streammat.models.gfm import Gfm
from streammat.models.recognise import recognise
from streammat.models.registry import GfmNetwork, config_of
from streammat.models.state_files import read_state
from streammat.models.torchvision_weights import load_torchvision
from streammat.models.weight_files import check_numbers

__all__ = ["load_encoder"]


def load_encoder(model: GfmNetwork, path: Path) -> None:
    """Start the encoder from published ImageNet weights; the rest of the network stays as it is.

    Args:
        model: a light network, which takes EfficientNet-Lite0's file and folds its batch norms
            in, or a released one, which takes torchvision's file of its ResNet or DenseNet.
        path: a PyTorch or safetensors file of tensors.

    Raises:
        CheckpointError: the file is missing, damaged, holds code or values that are no numbers, or
            is of another network, which is named.
    """
    state = read_state(path)
    _check_kind(model, state, path)
    check_numbers(path, state)
    if isinstance(model, Gfm):
        _load_lite0(model, state, path)
    else:
        load_torchvision(model, state, path)


def _check_kind(model: GfmNetwork, state: Mapping[str, Tensor], path: Path) -> None:
    """Refuse what is known to be something else; what is not known at all is told by its keys."""
    config = config_of(model)
    needed, found = ENCODERS[config.backbone], encoder_in(state)
    if found not in {None, needed}:
        raise CheckpointError(
            f"weight file {path} is of {found}, and {config.name} needs {needed} for ImageNet: "
            f"pass {FILES[needed]}"
        )
    if found is None and (network := _network_in(state)):
        raise CheckpointError(
            f"weight file {path} holds all weights of {network}, not an encoder's alone: pass it "
            "with --start"
        )


def _network_in(state: Mapping[str, Tensor]) -> str | None:
    try:
        return recognise(state).name
    except CheckpointError:
        return None


def _load_lite0(model: Gfm, state: Mapping[str, Tensor], path: Path) -> None:
    try:
        model.encoder.load_state_dict(fold_lite0_state(state))
    except (KeyError, RuntimeError) as error:  # a tensor is not there, or of another size
        lacking = f"it has no {error}" if isinstance(error, KeyError) else "its tensors do not fit"
        raise CheckpointError(
            f"weight file {path} is not EfficientNet-Lite0's for ImageNet ({lacking}): pass the "
            "published file, or all weights of a network with --start"
        ) from error
