"""torchvision's ImageNet weights of ResNets and DenseNets in the encoders of released networks.

The official training begins with them: every tensor of the classification network is taken, and
what the matting network adds to the encoder is drawn at random.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from streammat.errors import CheckpointError
from streammat.models.config import Backbone
from streammat.models.encoder_files import ENCODERS, FILES
from streammat.models.recognise import Difference, written_shape
from streammat.models.released import ReleasedTrunk

__all__ = ["load_torchvision"]

_CLASSIFIER = ("fc.", "classifier.")
# DenseNet files of before torchvision 0.3, which are still the published ones, have `norm.1`.
_DOTTED = re.compile(r"(.*\.denselayer\d+\.(?:norm|conv))\.([12]\..*)")


def load_torchvision(model: ReleasedTrunk, state: Mapping[str, Tensor], path: Path) -> None:
    """Put the weights of a classification network into the encoder that was cut out of it.

    The classifier's weights and the counters of batch norms are left out.

    Args:
        model: the rest of it stays as it is: decoders, the stem and the two last stages of r34_2b,
            the narrowing convolution of d121.
        state: tensors under torchvision's keys, the old names of DenseNets too.
        path: of the file, for messages.

    Raises:
        CheckpointError: a tensor is missing, has no place, or is of another shape; nothing was
            loaded then.
    """
    backbone = model.config.backbone
    classifier = model.get_submodule("densenet" if backbone is Backbone.D121 else "resnet")
    wanted = {key: place for key, place in classifier.state_dict().items() if _counts(key)}
    given = {_renamed(key, state): value for key, value in state.items() if _counts(key)}
    wrong = tuple(
        f"{key} {written_shape(given[key].shape)} for {written_shape(place.shape)}"
        for key, place in wanted.items()
        if key in given and given[key].shape != place.shape
    )
    missing = tuple(key for key in wanted if key not in given)
    unexpected = tuple(key for key in given if key not in wanted)
    found = Difference(model.config, missing, unexpected, wrong)
    if found.count:
        name = ENCODERS[backbone]
        raise CheckpointError(
            f"weight file {path} does not fit the encoder of {model.config.name}, a {name}: "
            f"{found.describe()}; pass {FILES[name]}, or all weights of a network with --start"
        )
    with torch.no_grad():
        for key, place in wanted.items():
            place.copy_(given[key])


def _counts(key: str) -> bool:
    return not key.startswith(_CLASSIFIER) and not key.endswith("num_batches_tracked")


def _renamed(key: str, state: Mapping[str, Tensor]) -> str:
    """``denselayer1.norm.1.weight`` as ``denselayer1.norm1.weight``, unless both are there."""
    new = _DOTTED.sub(r"\1\2", key)
    return key if new in state else new
