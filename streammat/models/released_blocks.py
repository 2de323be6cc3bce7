"""The building blocks of the released GFM networks' decoders.

Their indices inside `nn.Sequential` are those of the released checkpoints.
"""

from __future__ import annotations

from torch import nn

from streammat.models.layouts import BlockWidths
from streammat.models.psp import MatrixPsp


def _conv(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, 1, dilation, dilation)


def _conv_norm_relu(inputs: int, outputs: int, dilation: int = 1) -> list[nn.Module]:
    return [_conv(inputs, outputs, dilation), nn.BatchNorm2d(outputs), nn.ReLU()]


def upsample(factor: int) -> nn.Module:
    """Bilinear, pixel centres (corners not aligned): (B, C, h, w) -> (B, C, factor h, factor w)."""
    return nn.Upsample(scale_factor=float(factor), mode="bilinear", align_corners=False)


def decoder_block(inputs: int, widths: BlockWidths, *, double: bool) -> nn.Sequential:
    """Three times 3x3, BN, ReLU; then twice the size if asked: (B, in, h, w) -> (B, out, ., .)."""
    return nn.Sequential(
        *_conv_norm_relu(inputs, widths.first),
        *_conv_norm_relu(widths.first, widths.second),
        *_conv_norm_relu(widths.second, widths.out),
        *([upsample(2)] if double else []),
    )


def head_block(inputs: int, head: tuple[int, int] | None, outputs: int) -> nn.Sequential:
    """Logits at full size: (B, in, H / 2, W / 2) -> (B, out, H, W); without `head` from (H, W)."""
    if head is None:
        return nn.Sequential(_conv(inputs, outputs))
    return nn.Sequential(
        *_conv_norm_relu(inputs, head[0]),
        *_conv_norm_relu(head[0], head[1]),
        _conv(head[1], outputs),
        upsample(2),
    )


def bridge_block(channels: int) -> nn.Sequential:
    """Three dilated 3x3 convolutions: a wide view on the deepest map; (B, C, h, w) -> the same."""
    return nn.Sequential(
        *_conv_norm_relu(channels, channels, 2),
        *_conv_norm_relu(channels, channels, 2),
        *_conv_norm_relu(channels, channels, 2),
    )


def pooled_skip(inputs: int, outputs: int, factor: int) -> nn.Sequential:
    """The pooled map for one glance level: (B, in, h, w) -> (B, out, factor h, factor w)."""
    return nn.Sequential(*_conv_norm_relu(inputs, outputs), upsample(factor))


class ReleasedPsp(MatrixPsp):
    """Pyramid pooling at the encoder's width: (B, C, h, w) -> (B, C, h, w), bins 1, 3 and 5.

    Differs from `MatrixPsp` in the names of its weights only: a bin's convolution is the second of
    two modules, the first was the pooling, which is a matrix here.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels, channels)
        self.stages = nn.ModuleList(nn.Sequential(nn.Identity(), conv) for conv in self.stages)
