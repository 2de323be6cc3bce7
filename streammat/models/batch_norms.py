"""Batch norms folded into the convolutions before them, for export.

In evaluation mode a batch norm is one multiplication and one addition a channel, which a
convolution before it can take over (Jacob et al., CVPR 2018, section 3.2). One that follows no
convolution, as in DenseNet, becomes a 1x1 depthwise convolution.
"""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from streammat.models.decoders import PooledSkip, SeparableConv
from streammat.models.densenet import DenseLayer
from streammat.models.resnet import BasicBlock, Bottleneck

Network = TypeVar("Network", bound=nn.Module)

_PAIRS: tuple[tuple[type[nn.Module], tuple[tuple[str, str], ...]], ...] = (
    (SeparableConv, (("pointwise", "norm"),)),
    (PooledSkip, (("conv", "norm"),)),
    (BasicBlock, (("conv1", "bn1"), ("conv2", "bn2"))),
    (Bottleneck, (("conv1", "bn1"), ("conv2", "bn2"), ("conv3", "bn3"))),
    (DenseLayer, (("conv1", "norm2"),)),
)
"""Convolution and the batch norm that follows it, by the names that a block gives them."""


def fold_batch_norms(model: Network) -> Network:
    """A copy in evaluation mode without batch norms; its outputs are the same within rounding."""
    folded = copy.deepcopy(model).eval()
    for part in list(folded.modules()):
        for kind, pairs in _PAIRS:
            if isinstance(part, kind):
                for conv, norm in pairs:
                    _fold(part, conv, norm)
        if isinstance(part, nn.Sequential):
            for conv, norm in pairwise(name for name, _ in part.named_children()):
                _fold(part, conv, norm)
    for part in list(folded.modules()):
        for name, child in part.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(part, name, as_convolution(child))
    return folded


def _fold(part: nn.Module, conv: str, norm: str) -> None:
    """Fold one pair, where it is one and not folded yet (twins of a stage share their blocks)."""
    first, second = part.get_submodule(conv), part.get_submodule(norm)
    if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
        setattr(part, conv, fuse_conv_bn_eval(first, second))
        setattr(part, norm, nn.Identity())


def as_convolution(norm: nn.BatchNorm2d) -> nn.Conv2d:
    """A batch norm in evaluation mode as a depthwise 1x1 convolution."""
    channels = norm.num_features
    assert norm.running_var is not None
    assert norm.running_mean is not None
    conv = nn.Conv2d(channels, channels, 1, groups=channels)
    with torch.no_grad():
        scale = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
        conv.weight.copy_(scale[:, None, None, None])
        conv.bias.copy_(norm.bias.double() - norm.running_mean.double() * scale)  # type: ignore[union-attr]
    return conv
