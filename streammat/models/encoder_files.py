"""Which classification network a weight file is of, told from its keys, and which ones we take."""

from __future__ import annotations

import re
from collections.abc import Collection

from streammat.models.config import Backbone

__all__ = ["ENCODERS", "FILES", "encoder_in"]

ENCODERS = {
    Backbone.R34: "ResNet-34",
    Backbone.R34_2B: "ResNet-34",
    Backbone.R101: "ResNet-101",
    Backbone.D121: "DenseNet-121",
    Backbone.LITE0: "EfficientNet-Lite0",
}
"""The classification network that each encoder is cut out of."""

FILES = {
    "ResNet-34": "torchvision's resnet34-b627a593.pth",
    "ResNet-101": "torchvision's resnet101-63fe2227.pth",
    "DenseNet-121": "torchvision's densenet121-a639ec97.pth",
    "EfficientNet-Lite0": "the published efficientnet-lite0.pth",
}
"""Where their weights for ImageNet are published."""

_STAGES = range(1, 5)
_BASIC: dict[tuple[int, ...], str] = {(2, 2, 2, 2): "ResNet-18", (3, 4, 6, 3): "ResNet-34"}
_BOTTLENECK: dict[tuple[int, ...], str] = {
    (3, 4, 6, 3): "ResNet-50",
    (3, 4, 23, 3): "ResNet-101",
    (3, 8, 36, 3): "ResNet-152",
}
_DENSE: dict[tuple[int, ...], str] = {
    (6, 12, 24, 16): "DenseNet-121",
    (6, 12, 36, 24): "DenseNet-161",
    (6, 12, 32, 32): "DenseNet-169",
    (6, 12, 48, 32): "DenseNet-201",
}
_LITE0_BLOCKS = 16


def encoder_in(keys: Collection[str]) -> str | None:
    """The classification network whose weights have these keys.

    Args:
        keys: of a file; of ResNets and DenseNets as torchvision names them.

    Returns:
        E.g. ``ResNet-34``; ``another ResNet`` where the depth is of no published one; None where
        the keys are of something else.
    """
    if "layer1.0.conv1.weight" in keys:
        depths = tuple(_count(keys, rf"layer{k}\.(\d+)\.") for k in _STAGES)
        known = _BOTTLENECK if "layer1.0.conv3.weight" in keys else _BASIC
        return known.get(depths, "another ResNet")
    if "features.conv0.weight" in keys:
        depths = tuple(_count(keys, rf"features\.denseblock{k}\.(\w+)\.") for k in _STAGES)
        return _DENSE.get(depths, "another DenseNet")
    if "_conv_stem.weight" in keys:
        squeezed = any("._se_reduce." in key for key in keys)
        lite0 = not squeezed and _count(keys, r"_blocks\.(\d+)\.") == _LITE0_BLOCKS
        return ENCODERS[Backbone.LITE0] if lite0 else "another EfficientNet"
    return None


def _count(keys: Collection[str], pattern: str) -> int:
    """How many parts of a stage the keys name."""
    return len({found[1] for key in keys if (found := re.match(pattern, key))})
