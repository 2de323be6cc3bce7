"""A network for one size, with its pooling matrices inside, in half where it is harmless."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from streammat.errors import ConfigError
from streammat.models.psp import PspMatrices, matrices_for
from streammat.models.registry import GfmNetwork
from streammat.models.rim import RimGfm

__all__ = ["FixedNetwork"]


class FixedNetwork(nn.Module):
    """rgb (B, 3, H, W) float32 0..255 -> glance (B, C, H, W) and focus (B, 1, H, W), float32.

    Args:
        model: TT, FT or BT; converted in place when ``half``.
        height, width: multiples of 32.
        half: weights and activations in FP16.

    Raises:
        ConfigError: a RIM network, which has three pairs of outputs.
    """

    def __init__(self, model: GfmNetwork, height: int, width: int, *, half: bool = True) -> None:
        super().__init__()
        if isinstance(model, RimGfm):
            raise ConfigError("a RIM network has three pairs of outputs; TT, FT and BT have one")
        self.dtype = torch.float16 if half else torch.float32
        self.model = model.to(self.dtype)
        for name, matrix in matrices_for(height, width)._asdict().items():
            self.register_buffer(name, matrix.to(self.dtype))

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """Glance and focus."""
        matrices = PspMatrices(*(self.get_buffer(name) for name in PspMatrices._fields))
        output = self.model(rgb.to(self.dtype), matrices)
        return output.glance.float(), output.focus.float()
