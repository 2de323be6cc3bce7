"""A network pass through PyTorch: the module that a checkpoint gives, as the reference."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import Variant
from streammat.errors import ConfigError
from streammat.matting.strategies.network import PassOutput, RimPassOutput

__all__ = ["TorchPass", "TorchRimPass", "torch_pass"]


class TorchPass:
    """See `NetworkPass`.

    Args:
        module: a GFM module of `streammat.models`; its ``rosta`` names the representation.
        variant: instead of the module's own.
    """

    def __init__(self, module: Any, variant: Variant | None = None) -> None:
        self._module = module.eval()
        self._variant = variant or _variant(module)

    @property
    def network(self) -> str:
        """As the module's configuration says."""
        return _network(self._module)

    @property
    def variant(self) -> Variant:
        """The module's representation."""
        return self._variant

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        """Glance and focus of (h, w, 3) R'G'B' 0..255."""
        return _output(_forward(self._module, rgb))

    def close(self) -> None:
        """Nothing is held open."""


class TorchRimPass:
    """See `RimPass`."""

    def __init__(self, module: Any) -> None:
        self._module = module.eval()

    @property
    def network(self) -> str:
        """As the module's configuration says."""
        return _network(self._module)

    @property
    def variant(self) -> Literal["rim"]:
        """``rim``."""
        return "rim"

    def __call__(self, rgb: NDArray[np.float32], /) -> RimPassOutput:
        """All three representations and the network's own alpha."""
        maps = _forward(self._module, rgb)
        alpha = maps.alpha[0, 0].numpy()
        return RimPassOutput(_output(maps.tt), _output(maps.ft), _output(maps.bt), alpha)

    def close(self) -> None:
        """Nothing is held open."""


def torch_pass(module: Any) -> TorchPass | TorchRimPass:
    """The pass that fits the module."""
    return TorchRimPass(module) if _rosta(module) == "rim" else TorchPass(module)


def _forward(module: Any, rgb: NDArray[np.float32]) -> Any:
    import torch

    planes = torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)[None], np.float32))
    with torch.inference_mode():
        return module(planes)


def _output(maps: Any) -> PassOutput:
    return PassOutput(maps.glance[0].numpy(), maps.focus[0, 0].numpy())


def _network(module: Any) -> str:
    from streammat.models.registry import config_of

    return config_of(module).name


def _rosta(module: Any) -> str:
    own = getattr(module, "rosta", None) or getattr(getattr(module, "config", None), "rosta", "")
    return str(own).lower()


def _variant(module: Any) -> Variant:
    rosta = _rosta(module)
    match rosta:
        case "tt":
            return "tt"
        case "ft":
            return "ft"
        case "bt":
            return "bt"
    raise ConfigError(f"the model's representation is {rosta!r}: tt, ft or bt is needed here")
