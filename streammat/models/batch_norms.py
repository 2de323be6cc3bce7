"""Batch norms and mean pooling as convolutions, for export.

In evaluation mode a batch norm is one multiplication and one addition a channel, which a
convolution before it can take over (Jacob et al., CVPR 2018, section 3.2). One that follows no
convolution, as in DenseNet, becomes a 1x1 depthwise convolution. Mean pooling is a convolution too.
"""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn

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
    done: set[nn.Module] = set()
    for part in list(folded.modules()):
        for kind, pairs in _PAIRS:
            if isinstance(part, kind):
                for conv, norm in pairs:
                    _fold(part, conv, norm, done)
        if isinstance(part, nn.Sequential):
            for conv, norm in pairwise(name for name, _ in part.named_children()):
                _fold(part, conv, norm, done)
    for part in list(folded.modules()):
        for name, child in part.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(part, name, as_convolution(child))
        if isinstance(part, nn.Sequential):
            _pool_first(part)
    return folded


def _pool_first(part: nn.Sequential) -> None:
    """A 1x1 convolution and the mean pooling after it, in the other order: a quarter of the work.

    Both are linear, so that only rounding differs. The pooling becomes a depthwise convolution.
    """
    for conv, pool in pairwise(name for name, _ in part.named_children()):
        project, mean = part.get_submodule(conv), part.get_submodule(pool)
        if not isinstance(project, nn.Conv2d) or not isinstance(mean, nn.AvgPool2d):
            continue
        assert project.kernel_size == (1, 1)
        side, channels = int(mean.kernel_size), project.in_channels  # type: ignore[arg-type]
        averaging = nn.Conv2d(channels, channels, side, side, groups=channels, bias=False)
        nn.init.constant_(averaging.weight, 1 / side**2)
        setattr(part, conv, averaging)
        setattr(part, pool, project)


def _fold(part: nn.Module, conv: str, norm: str, done: set[nn.Module]) -> None:
    """Fold one pair, where it is one.

    The same convolution and norm may be children of several parts (of the classification network
    and of a stage that is cut out of it): the work is moved once, and every part loses the norm.
    """
    first, second = part.get_submodule(conv), part.get_submodule(norm)
    if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
        if second not in done:
            _absorb(first, second)
            done.add(second)
        setattr(part, norm, nn.Identity())


def _absorb(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    """Give the convolution the norm's work; in float64, rounded once."""
    scale, offset = _line(norm)
    with torch.no_grad():
        if conv.bias is not None:
            offset = offset + conv.bias.double() * scale
        conv.weight.copy_(conv.weight.double() * scale[:, None, None, None])
        conv.bias = nn.Parameter(offset.to(conv.weight.dtype), requires_grad=False)


def _line(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Factor and offset of each channel in evaluation mode, float64."""
    assert norm.running_var is not None
    assert norm.running_mean is not None
    scale = norm.weight.double() * torch.rsqrt(norm.running_var.double() + norm.eps)
    return scale, norm.bias.double() - norm.running_mean.double() * scale


def as_convolution(norm: nn.BatchNorm2d) -> nn.Conv2d:
    """A batch norm in evaluation mode as a depthwise 1x1 convolution."""
    channels = norm.num_features
    scale, offset = _line(norm)
    conv = nn.Conv2d(channels, channels, 1, groups=channels)
    with torch.no_grad():
        conv.weight.copy_(scale[:, None, None, None])
        conv.bias.copy_(offset)  # type: ignore[union-attr]
    return conv
