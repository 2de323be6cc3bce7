"""GFM (Glance and Focus Matting) on a light encoder.

Topology after Li et al., "Bridging Composite and Real: Towards End-to-end Deep Image Matting",
IJCV 2021: one encoder, a glance decoder (what is subject, what is transition) and a focus decoder
(the alpha inside the transition). Glance and focus leave the network; fusing them is a kernel.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from streammat.models.decoders import DecoderWidths, FocusDecoder, GlanceDecoder, double
from streammat.models.encoders import EfficientNetLite0
from streammat.models.psp import PspMatrices, matrices_like
from streammat.models.rosta import Rosta


class GfmOutput(NamedTuple):
    """Sigmoid outputs, 0..1, at input size."""

    glance: Tensor  # (B, 3, H, W) for TT: background, transition, foreground
    focus: Tensor  # (B, 1, H, W)


class GfmLogits(NamedTuple):
    """The same before the sigmoid; training needs them for a stable loss."""

    glance: Tensor
    focus: Tensor


class Gfm(nn.Module):
    """Encoder, glance decoder, focus decoder."""

    def __init__(
        self, encoder: EfficientNetLite0, widths: DecoderWidths, rosta: Rosta = Rosta.TT
    ) -> None:
        super().__init__()
        self.rosta = rosta
        self.encoder = encoder
        self.glance = GlanceDecoder(encoder.channels[-1], widths, rosta.glance_channels)
        self.focus = FocusDecoder(encoder.channels, widths)

    def logits(self, rgb: Tensor, matrices: PspMatrices) -> GfmLogits:
        """rgb: (B, 3, H, W) float32, 0..255; H and W multiples of 32."""
        features = self.encoder(rgb)
        coarse = torch.cat([self.glance(features.e4, matrices), self.focus(features)], dim=1)
        fine = double(coarse)  # in one go: engines pay for a resize by the call, not by the channel
        classes = self.rosta.glance_channels
        return GfmLogits(fine[:, :classes], fine[:, classes:])

    def forward(self, rgb: Tensor, matrices: PspMatrices | None = None) -> GfmOutput:
        """As `logits`, through the sigmoid; the matrices are made for the size if not given."""
        glance, focus = self.logits(rgb, matrices or matrices_like(rgb))
        return GfmOutput(torch.sigmoid(glance), torch.sigmoid(focus))
