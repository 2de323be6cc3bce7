"""ResNet-34 and ResNet-101.

Source: He et al., "Deep Residual Learning for Image Recognition", CVPR 2016; the bottleneck has
its stride on the 3x3 convolution (v1.5). Modules carry the names of torchvision's checkpoints.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

CLASSES = 1000
STEM = 64


def _conv3x3(inputs: int, outputs: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module | None:
    """Where the shapes differ, a 1x1 convolution brings the input to the output's."""
    if stride == 1 and inputs == outputs:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class BasicBlock(nn.Module):
    """Two 3x3 convolutions and a shortcut: (B, in, H, W) -> (B, width, H / stride, W / stride)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = _conv3x3(inputs, width, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv3x3(width, width)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Residual plus shortcut, through a ReLU."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(y)) + shortcut)


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 and a shortcut: (B, in, H, W) -> (B, 4 width, H / stride, W / stride)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = self.expansion * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv3x3(width, width, stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Residual plus shortcut, through a ReLU."""
        shortcut = x if self.downsample is None else self.downsample(x)
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        return torch.relu(self.bn3(self.conv3(y)) + shortcut)


class ResNet(nn.Module):
    """The parts of a ResNet, to be picked by `released_encoders`; it is never run as a whole.

    ``fc``, the ImageNet classifier, does nothing for matting but is part of GFM's checkpoints.

    Args:
        block: BasicBlock or Bottleneck.
        depths: blocks of the four stages.
        divisor: every width is divided by it.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        depths: tuple[int, int, int, int],
        divisor: int = 1,
    ) -> None:
        super().__init__()
        stem = STEM // divisor
        self.conv1 = nn.Conv2d(3, stem, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(stem)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        out = block.expansion * stem
        self.layer1 = stage(block, stem, stem, depths[0], 1)
        self.layer2 = stage(block, out, 2 * stem, depths[1], 2)
        self.layer3 = stage(block, 2 * out, 4 * stem, depths[2], 2)
        self.layer4 = stage(block, 4 * out, 8 * stem, depths[3], 2)
        self.fc = nn.Linear(8 * out, CLASSES)


def stage(
    block: type[BasicBlock] | type[Bottleneck],
    inputs: int,
    width: int,
    depth: int,
    stride: int,
) -> nn.Sequential:
    """`depth` blocks, the first of which changes width and size."""
    rest = [block(block.expansion * width, width) for _ in range(depth - 1)]
    return nn.Sequential(block(inputs, width, stride), *rest)


def resnet34(divisor: int = 1) -> ResNet:
    """ResNet-34 with untrained weights."""
    return ResNet(BasicBlock, (3, 4, 6, 3), divisor)


def resnet101(divisor: int = 1) -> ResNet:
    """ResNet-101 with untrained weights."""
    return ResNet(Bottleneck, (3, 4, 23, 3), divisor)
