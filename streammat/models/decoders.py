"""The two decoders of GFM, made of depthwise-separable convolutions.

Glance sees where the subject is: its only skips are the pooled maps, upsampled to every level.
Focus sees the details: its skips are the encoder's maps, after a dilated bridge block.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from streammat.models.encoders import EncoderFeatures
from streammat.models.psp import MatrixPsp, PspMatrices


class DecoderWidths(NamedTuple):
    """Channels of the decoders; level k works at stride 2 ** (k + 1)."""

    bottom: int = 128  # inside the coarsest blocks, and the pooled map
    bins: int = 64  # per pooling bin
    d4: int = 96
    d3: int = 64
    d2: int = 32
    d1: int = 16
    d0: int = 16


class SeparableConv(nn.Module):
    """Depthwise 3x3, then 1x1 with batch norm and ReLU: (B, in, H, W) -> (B, out, H, W)."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, 3, 1, dilation, dilation, groups=in_channels, bias=False
        )
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) -> (B, out, H, W), not negative."""
        return torch.relu(self.norm(self.pointwise(self.depthwise(x))))


def double(x: Tensor) -> Tensor:
    """Bilinear x2: (B, C, H, W) -> (B, C, 2H, 2W)."""
    return nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


class DecoderBlock(nn.Module):
    """Three separable convolutions, then bilinear x2: (B, in, H, W) -> (B, out, 2H, 2W)."""

    def __init__(self, in_channels: int, mid: int, out_channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            SeparableConv(in_channels, mid),
            SeparableConv(mid, mid),
            SeparableConv(mid, out_channels),
        )

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Two maps of one size, concatenated in this order."""
        return double(self.convs(torch.cat([a, b], dim=1)))


class LogitBlock(nn.Module):
    """The last decoder block: two separable convolutions, a 3x3 to the logits; no upsampling."""

    def __init__(self, in_channels: int, mid: int, out_channels: int) -> None:
        super().__init__()
        self.convs = nn.Sequential(
            SeparableConv(in_channels, mid),
            SeparableConv(mid, mid),
            nn.Conv2d(mid, out_channels, 3, padding=1),
        )

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """(B, ., H/2, W/2) twice -> logits (B, out, H/2, W/2)."""
        logits: Tensor = self.convs(torch.cat([a, b], dim=1))
        return logits


class PooledSkip(nn.Module):
    """The pooled map for one glance level: 3x3 convolution, batch norm, ReLU, bilinear x factor."""

    def __init__(self, in_channels: int, out_channels: int, factor: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)
        self.factor = float(factor)

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, h, w) -> (B, out, h * factor, w * factor)."""
        x = torch.relu(self.norm(self.conv(x)))
        return nn.functional.interpolate(
            x, scale_factor=self.factor, mode="bilinear", align_corners=False
        )


class GlanceDecoder(nn.Module):
    """Semantic decoder: the pooled map is fed back at every level, no encoder skips."""

    def __init__(self, deepest: int, widths: DecoderWidths, out_channels: int) -> None:
        super().__init__()
        w = widths
        self.psp = MatrixPsp(deepest, w.bins, w.bottom)
        self.psp4 = PooledSkip(w.bottom, w.d4, 2)
        self.psp3 = PooledSkip(w.bottom, w.d3, 4)
        self.psp2 = PooledSkip(w.bottom, w.d2, 8)
        self.psp1 = PooledSkip(w.bottom, w.d1, 16)
        self.d4 = DecoderBlock(w.bottom + deepest, w.bottom, w.d4)
        self.d3 = DecoderBlock(2 * w.d4, w.d4, w.d3)
        self.d2 = DecoderBlock(2 * w.d3, w.d3, w.d2)
        self.d1 = DecoderBlock(2 * w.d2, w.d2, w.d1)
        self.d0 = LogitBlock(2 * w.d1, w.d0, out_channels)

    def forward(self, e4: Tensor, matrices: PspMatrices) -> Tensor:
        """e4: (B, C, H/32, W/32) -> logits (B, out, H/2, W/2)."""
        pooled = self.psp(e4, matrices)
        x = self.d4(pooled, e4)
        x = self.d3(self.psp4(pooled), x)
        x = self.d2(self.psp3(pooled), x)
        x = self.d1(self.psp2(pooled), x)
        logits: Tensor = self.d0(self.psp1(pooled), x)
        return logits


class FocusDecoder(nn.Module):
    """Detail decoder: bridge block of dilated convolutions, encoder skips at every level."""

    def __init__(self, channels: tuple[int, int, int, int, int], widths: DecoderWidths) -> None:
        super().__init__()
        w = widths
        e0, e1, e2, e3, e4 = channels
        self.bridge = nn.Sequential(
            SeparableConv(e4, w.bottom, dilation=2),
            SeparableConv(w.bottom, w.bottom, dilation=2),
            SeparableConv(w.bottom, w.bottom, dilation=2),
        )
        self.d4 = DecoderBlock(w.bottom + e4, w.bottom, w.d4)
        self.d3 = DecoderBlock(w.d4 + e3, w.d4, w.d3)
        self.d2 = DecoderBlock(w.d3 + e2, w.d3, w.d2)
        self.d1 = DecoderBlock(w.d2 + e1, w.d2, w.d1)
        self.d0 = LogitBlock(w.d1 + e0, w.d0, 1)

    def forward(self, features: EncoderFeatures) -> Tensor:
        """Encoder maps -> logit (B, 1, H/2, W/2)."""
        x = self.d4(self.bridge(features.e4), features.e4)
        x = self.d3(x, features.e3)
        x = self.d2(x, features.e2)
        x = self.d1(x, features.e1)
        logit: Tensor = self.d0(x, features.e0)
        return logit
