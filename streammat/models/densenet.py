"""DenseNet-121.

Source: Huang et al., "Densely Connected Convolutional Networks", CVPR 2017. Modules carry the names
of torchvision's checkpoints.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

CLASSES = 1000
STEM = 64
GROWTH = 32
BOTTLENECK = 4  # the 1x1 convolution makes this many times the growth
DEPTHS = (6, 12, 24, 16)


class DenseLayer(nn.Module):
    """BN, ReLU, 1x1, BN, ReLU, 3x3: (B, in, H, W) -> (B, growth, H, W), the new maps only."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, BOTTLENECK * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(BOTTLENECK * growth)
        self.conv2 = nn.Conv2d(BOTTLENECK * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The maps that this layer adds."""
        y: Tensor = self.conv1(torch.relu(self.norm1(x)))
        new: Tensor = self.conv2(torch.relu(self.norm2(y)))
        return new


class DenseBlock(nn.Module):
    """Every layer sees all maps before it: (B, in, H, W) -> (B, in + depth * growth, H, W)."""

    def __init__(self, inputs: int, depth: int, growth: int) -> None:
        super().__init__()
        for i in range(depth):
            self.add_module(f"denselayer{i + 1}", DenseLayer(inputs + i * growth, growth))

    def forward(self, x: Tensor) -> Tensor:
        """The input's maps, then each layer's."""
        for layer in self.children():
            x = torch.cat([x, layer(x)], dim=1)
        return x


def transition(inputs: int) -> nn.Sequential:
    """BN, ReLU, 1x1, mean of 2x2: (B, in, H, W) -> (B, in / 2, H / 2, W / 2)."""
    return nn.Sequential(
        OrderedDict(
            norm=nn.BatchNorm2d(inputs),
            relu=nn.ReLU(),
            conv=nn.Conv2d(inputs, inputs // 2, 1, bias=False),
            pool=nn.AvgPool2d(2, 2),
        )
    )


class DenseNet(nn.Module):
    """The parts of DenseNet-121, to be picked by `released_encoders`; never run as a whole.

    ``norm5`` and ``classifier`` do nothing for matting but are part of GFM's checkpoints.
    """

    def __init__(self, divisor: int = 1) -> None:
        super().__init__()
        width, growth = STEM // divisor, GROWTH // divisor
        self.features = nn.Sequential(
            OrderedDict(
                conv0=nn.Conv2d(3, width, 7, 2, 3, bias=False),
                norm0=nn.BatchNorm2d(width),
                relu0=nn.ReLU(),
            )
        )
        for i, depth in enumerate(DEPTHS, start=1):
            self.features.add_module(f"denseblock{i}", DenseBlock(width, depth, growth))
            width += depth * growth
            if i < len(DEPTHS):
                self.features.add_module(f"transition{i}", transition(width))
                width //= 2
        self.features.add_module("norm5", nn.BatchNorm2d(width))
        self.classifier = nn.Linear(width, CLASSES)
