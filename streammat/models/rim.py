"""RIM: GFM with heads for all three representations, merged by a small network.

Source: as `released`. RoSTa Integration Module: the three fused alphas go through 1x1 convolutions
and squeeze-and-excitation (Hu et al., CVPR 2018); its output is not clamped.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from streammat.models.config import GfmConfig
from streammat.models.gfm import GfmOutput
from streammat.models.psp import PspMatrices, matrices_like
from streammat.models.released import ReleasedTrunk
from streammat.models.released_blocks import head_block
from streammat.models.rosta import Rosta
from streammat_kernels.merge import MergeWeights

HEADS = (Rosta.TT, Rosta.FT, Rosta.BT)  # the order of the merging network's inputs
CHANNELS = 16
REDUCTION = 4


class RimOutput(NamedTuple):
    """Outputs of the three representations (0..1) and their merger, at input size."""

    tt: GfmOutput
    ft: GfmOutput
    bt: GfmOutput
    alpha: Tensor  # (B, 1, H, W), raw: may leave 0..1 a little


def fuse_in_graph(glance: Tensor, focus: Tensor, rosta: Rosta) -> Tensor:
    """The fusion kernel (`streammat_kernels.fusion`) in PyTorch, for training and as reference.

    Args:
        glance: (B, 3, H, W) for TT, (B, 2, H, W) for FT and BT.
        focus: (B, 1, H, W), 0..1.
        rosta: TT, FT or BT.

    Returns:
        (B, 1, H, W), 0..1; a tie in glance goes to the lowest channel.
    """
    if rosta is Rosta.TT:
        background, transition, foreground = glance[:, :1], glance[:, 1:2], glance[:, 2:]
        known = torch.where(
            (foreground > background) & (foreground > transition),
            torch.ones_like(focus),
            torch.zeros_like(focus),
        )
        return torch.where((transition > background) & (transition >= foreground), focus, known)
    k = (glance[:, 1:] > glance[:, :1]).to(focus.dtype)
    return (k + focus).clamp(max=1.0) if rosta is Rosta.FT else (k - focus).clamp(min=0.0)


class SqueezeExcitation(nn.Module):
    """Weigh channels by what the whole picture holds: (B, C, H, W) -> the same."""

    def __init__(self, channels: int, reduction: int) -> None:
        super().__init__()
        self.fc = nn.Sequential(
            nn.Linear(channels, channels // reduction, bias=False),
            nn.ReLU(),
            nn.Linear(channels // reduction, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Each channel times its weight, 0..1."""
        weights: Tensor = self.fc(x.mean(dim=(2, 3)))
        return x * weights[:, :, None, None]


class RimGfm(ReleasedTrunk):
    """A released network with heads for TT, FT and BT and the network that merges them."""

    def __init__(self, config: GfmConfig) -> None:
        super().__init__(config)
        glance, focus = self.head_inputs
        for rosta in HEADS:
            head = head_block(glance, self.layout.head, rosta.glance_channels)
            self.add_module(f"decoder0_g_{rosta.lower()}", head)
        for rosta in HEADS:
            self.add_module(f"decoder0_f_{rosta.lower()}", head_block(focus, self.layout.head, 1))
        self.rim = nn.Sequential(
            nn.Conv2d(len(HEADS), CHANNELS, 1),
            SqueezeExcitation(CHANNELS, REDUCTION),
            nn.Conv2d(CHANNELS, 1, 1),
        )

    def forward(self, rgb: Tensor, matrices: PspMatrices | None = None) -> RimOutput:
        """rgb: (B, 3, H, W) float32, 0..255; H and W multiples of 32.

        Raises:
            ValueError: not (B, 3, H, W), or H and W are not multiples of 32.
        """
        heads = self.heads(rgb, matrices or matrices_like(rgb))
        alphas = [fuse_in_graph(*o, r) for o, r in zip(heads, HEADS, strict=True)]
        return RimOutput(*heads, self.rim(torch.cat(alphas, dim=1)))

    def heads(self, rgb: Tensor, matrices: PspMatrices) -> tuple[GfmOutput, GfmOutput, GfmOutput]:
        """Glance and focus of TT, FT and BT: what an exported graph holds; see `forward`."""
        features = self.encode(rgb)
        glance = self.glance_features(features[-1], matrices)
        focus = self.focus_features(features)
        tt, ft, bt = (self._head(rosta, glance, focus) for rosta in HEADS)
        return tt, ft, bt

    def merger(self) -> MergeWeights:
        """The merging network's weights for `streammat_kernels.merge`."""
        names = ("0.weight", "0.bias", "1.fc.0.weight", "1.fc.2.weight", "2.weight", "2.bias")
        arrays = [self.rim.get_parameter(n).detach().double().cpu().numpy() for n in names]
        expand, expand_bias, squeeze, excite, reduce, reduce_bias = arrays
        return MergeWeights(
            expand[:, :, 0, 0], expand_bias, squeeze, excite, reduce[0, :, 0, 0], reduce_bias
        )

    def _head(self, rosta: Rosta, glance: Tensor, focus: Tensor) -> GfmOutput:
        name = rosta.lower()
        return GfmOutput(
            torch.sigmoid(self.part(f"decoder0_g_{name}", glance)),
            torch.sigmoid(self.part(f"decoder0_f_{name}", focus)),
        )
