"""A trainable network from an exported graph: the way back from `export`, for fine-tuning.

An exported graph holds every weight by its name, batch norms folded into the convolution before
them. Here each folded bias becomes the bias of a batch norm that changes nothing else, so that the
network keeps its form; its batch norms must stay frozen in training, since their statistics are
gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from streammat.errors import CheckpointError
from streammat.models.config import Backbone, GfmConfig
from streammat.models.gfm import Gfm
from streammat.models.registry import create_model
from streammat.models.rosta import Rosta

_WRAPPER = "model."  # the exported module's name for the network
_HALF = "_fp16"  # ending of a weight that is stored in half precision
_FOLDED = ("pointwise", "conv")  # names of the convolutions that a batch norm follows


def gfm_from_onnx(path: Path, rosta: Rosta = Rosta.TT) -> Gfm:
    """The light GFM network of an exported file, in evaluation mode.

    Its outputs are those of the file within rounding.

    Args:
        path: of an ``.onnx`` file that `export_onnx` wrote.
        rosta: which the file's card states; FT and BT look alike.

    Raises:
        CheckpointError: the file is missing, damaged, or holds another network.
    """
    weights = _initialisers(path)
    model = create_model(GfmConfig(Backbone.LITE0, rosta))
    assert isinstance(model, Gfm)
    state = model.state_dict()
    filled = {key: _value(key, value, weights) for key, value in state.items()}
    lacking = [key for key, value in filled.items() if value is None]
    wrong = [k for k, v in filled.items() if v is not None and v.shape != state[k].shape]
    if lacking or wrong:
        named = ", ".join((lacking + wrong)[:3])
        raise CheckpointError(
            f"{path} holds no gfm_lite0 network ({len(lacking)} weights are missing, {len(wrong)} "
            f"of another shape: {named}): give a model that streammat exported, or a weight file"
        )
    model.load_state_dict({key: value for key, value in filled.items() if value is not None})
    return model.eval()


def _initialisers(path: Path) -> dict[str, Tensor]:
    if not path.is_file():
        raise CheckpointError(f"model file {path} does not exist: check the path")
    try:
        graph = onnx.load(path).graph
    except Exception as error:  # protobuf's own class, and whatever a damaged file brings
        raise CheckpointError(f"model file {path} is damaged or no ONNX file") from error
    found = {}
    for weight in graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype in {np.dtype(np.float16), np.dtype(np.float32)}:
            name = weight.name.removeprefix(_WRAPPER).removesuffix(_HALF)
            found[name] = torch.from_numpy(values.astype(np.float32))
    return found


def _value(key: str, value: Tensor, weights: Mapping[str, Tensor]) -> Tensor | None:
    """What a key of the network's state becomes; None where the file does not say."""
    if key in weights:
        return weights[key]
    part, _, kind = key.rpartition(".")
    block, _, name = part.rpartition(".")
    if name != "norm":
        return None
    if kind == "bias":
        found = [weights.get(f"{block}.{conv}.bias") for conv in _FOLDED]
        return next((bias for bias in found if bias is not None), None)
    if kind == "weight":  # with variance 1, the norm divides by sqrt(1 + epsilon)
        return torch.full_like(value, float(np.sqrt(1 + torch.nn.BatchNorm2d(1).eps)))
    return torch.zeros_like(value) if kind != "running_var" else torch.ones_like(value)
