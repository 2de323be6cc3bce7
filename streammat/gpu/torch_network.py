"""The PyTorch network of a model, as Torch-TensorRT takes it: half inside, one size, FP32 borders.

For ``--via torch``; needs a GPU, so it has not been tried yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from streammat.catalogue.cards import ModelCard
from streammat.errors import ConfigError, DependencyError

if TYPE_CHECKING:
    from streammat_engines.tensorrt.request import EngineRequest

__all__ = ["half_network"]


def half_network(card: ModelCard, request: EngineRequest) -> Any:
    """A module rgb (B, 3, H, W) float32 -> (glance, focus) float32.

    Raises:
        ConfigError: the model has no PyTorch weights; only imported models do.
        DependencyError: PyTorch is not installed.
    """
    weights = card.details.get("weights")
    if not weights:
        raise ConfigError(
            f"model {card.name} has no PyTorch weights, which --via torch converts: use --via onnx"
        )
    try:
        from streammat.models import load_checkpoint
        from streammat.models.fixed import FixedNetwork
    except ImportError as error:
        raise DependencyError(
            "--via torch needs PyTorch: pip install 'streammat[torch]', or use --via onnx"
        ) from error
    model = load_checkpoint(card.path.with_name(weights["file"]))
    return FixedNetwork(model, request.height, request.width, half=request.precision == "fp16")
