"""Encoders: an image in, five feature maps at strides 2, 4, 8, 16 and 32 out.

EfficientNet-Lite0 is written from its published description (EfficientNet without squeeze and
excitation, ReLU6 for swish, https://github.com/tensorflow/tpu, models/official/efficientnet/lite)
and in inference form: every batch norm is folded into the convolution before it, so that training
updates the folded weights and the exported graph is what was trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

BATCH_NORM_EPS = 1e-3  # EfficientNet's own value; torch's default is 1e-5
INPUT_MEAN = 127.0
INPUT_SCALE = 128.0


class EncoderFeatures(NamedTuple):
    """Feature maps (B, C, H / stride, W / stride), finest first."""

    e0: Tensor  # stride 2
    e1: Tensor  # stride 4
    e2: Tensor  # stride 8
    e3: Tensor  # stride 16
    e4: Tensor  # stride 32


class Encoder(Protocol):
    """What a GFM network needs of its encoder."""

    channels: tuple[int, int, int, int, int]

    def __call__(self, rgb: Tensor) -> EncoderFeatures:
        """rgb: (B, 3, H, W) float32, 0..255."""


class BlockSpec(NamedTuple):
    """One row of the EfficientNet table: `repeats` inverted bottlenecks."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    out_channels: int


LITE0_STEM = 32
LITE0_BLOCKS = (
    BlockSpec(1, 3, 1, 1, 16),
    BlockSpec(2, 3, 2, 6, 24),
    BlockSpec(2, 5, 2, 6, 40),
    BlockSpec(3, 3, 2, 6, 80),
    BlockSpec(3, 5, 1, 6, 112),
    BlockSpec(4, 5, 2, 6, 192),
    BlockSpec(1, 3, 1, 6, 320),
)
LITE0_ENDS = (1, 3, 5, 11, 16)  # e0..e4 are taken after this many blocks


def _conv(in_channels: int, out_channels: int, kernel: int, stride: int, groups: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, kernel, stride, kernel // 2, groups=groups)


class InvertedBottleneck(nn.Module):
    """1x1 expand, depthwise, 1x1 project; added to the input where the shapes agree."""

    def __init__(self, in_channels: int, spec: BlockSpec, stride: int) -> None:
        super().__init__()
        hidden = in_channels * spec.expansion
        self.expand = _conv(in_channels, hidden, 1, 1, 1) if spec.expansion > 1 else None
        self.depthwise = _conv(hidden, hidden, spec.kernel, stride, hidden)
        self.project = _conv(hidden, spec.out_channels, 1, 1, 1)
        self.residual = stride == 1 and in_channels == spec.out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) -> (B, out, H / stride, W / stride)."""
        y: Tensor = x
        if self.expand is not None:
            y = nn.functional.relu6(self.expand(y))
        y = nn.functional.relu6(self.depthwise(y))
        y = self.project(y)
        return x + y if self.residual else y


class EfficientNetLite0(nn.Module):
    """The convolutional part of EfficientNet-Lite0 (no head), 2.99 M parameters.

    Input is rgb 0..255; the normalisation (rgb - 127) / 128 is part of the graph.
    """

    channels = (16, 24, 40, 112, 320)

    def __init__(self) -> None:
        super().__init__()
        self.stem = _conv(3, LITE0_STEM, 3, 2, 1)
        blocks: list[nn.Module] = []
        width = LITE0_STEM
        for spec in LITE0_BLOCKS:
            for i in range(spec.repeats):
                blocks.append(InvertedBottleneck(width, spec, spec.stride if i == 0 else 1))
                width = spec.out_channels
        self.blocks = nn.ModuleList(blocks)

    def stages(self) -> list[list[nn.Module]]:
        """The parts that make each feature map from the one before, e0 first."""
        parts: list[nn.Module] = [self.stem, *self.blocks]
        starts = (0, *(end + 1 for end in LITE0_ENDS))
        return [parts[start:end] for start, end in pairwise(starts)]

    def forward(self, rgb: Tensor) -> EncoderFeatures:
        """rgb: (B, 3, H, W) float32, 0..255; H and W multiples of 32."""
        x: Tensor = nn.functional.relu6(self.stem((rgb - INPUT_MEAN) * (1.0 / INPUT_SCALE)))
        maps: list[Tensor] = []
        for i, block in enumerate(self.blocks, start=1):
            x = block(x)
            if i in LITE0_ENDS:
                maps.append(x)
        return EncoderFeatures(*maps)


def _fold(state: Mapping[str, Tensor], conv: str, norm: str) -> tuple[Tensor, Tensor]:
    weight = state[f"{conv}.weight"].double()
    scale = state[f"{norm}.weight"].double()
    scale = scale / torch.sqrt(state[f"{norm}.running_var"].double() + BATCH_NORM_EPS)
    bias = state[f"{norm}.bias"].double() - state[f"{norm}.running_mean"].double() * scale
    return (weight * scale[:, None, None, None]).float(), bias.float()


def fold_lite0_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Turn a published EfficientNet-Lite0 state (keys `_blocks.N._expand_conv.weight`, `_bn0` ...)
    into this module's state, batch norms folded in."""
    folded: dict[str, Tensor] = {}

    def put(ours: str, conv: str, norm: str) -> None:
        folded[f"{ours}.weight"], folded[f"{ours}.bias"] = _fold(state, conv, norm)

    put("stem", "_conv_stem", "_bn0")
    for i in range(LITE0_ENDS[-1]):
        theirs, ours = f"_blocks.{i}", f"blocks.{i}"
        if f"{theirs}._expand_conv.weight" in state:
            put(f"{ours}.expand", f"{theirs}._expand_conv", f"{theirs}._bn0")
        put(f"{ours}.depthwise", f"{theirs}._depthwise_conv", f"{theirs}._bn1")
        put(f"{ours}.project", f"{theirs}._project_conv", f"{theirs}._bn2")
    return folded
