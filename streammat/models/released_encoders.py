"""The encoders of the released GFM networks, cut out of classification networks.

The released checkpoints hold the classification network as a whole (``resnet.`` or ``densenet.``)
and, once more, the stages cut out of it (``encoder0.``, ``encoder1.`` ...). The modules are the
same objects here too, so that every key of such a file has its place.
"""

from __future__ import annotations

from torch import nn

from streammat.models.config import Backbone
from streammat.models.densenet import DenseNet
from streammat.models.resnet import BasicBlock, ResNet, resnet34, resnet101, stage


def _halve() -> nn.Module:
    return nn.MaxPool2d(2, 2, ceil_mode=True)


def resnet_stages(resnet: ResNet) -> list[nn.Module]:
    """Stages of stride 2, 4, 8, 16 and 32; the stem e0 is not pooled."""
    return [
        nn.Sequential(resnet.conv1, resnet.bn1, resnet.relu),
        nn.Sequential(resnet.maxpool, resnet.layer1),
        resnet.layer2,
        resnet.layer3,
        resnet.layer4,
    ]


def resnet_2b_stages(resnet: ResNet) -> list[nn.Module]:
    """Stages of stride 1, 1, 2, 4, 8, 16 and 32: a stem of its own at full size, two at the end."""
    stem, last = resnet.bn1.num_features, 8 * resnet.bn1.num_features
    return [
        nn.Sequential(nn.Conv2d(3, stem, 3, padding=1), nn.BatchNorm2d(stem), nn.ReLU()),
        resnet.layer1,
        resnet.layer2,
        resnet.layer3,
        resnet.layer4,
        nn.Sequential(_halve(), *stage(BasicBlock, last, last, 3, 1)),
        nn.Sequential(_halve(), *stage(BasicBlock, last, last, 3, 1)),
    ]


def densenet_stages(densenet: DenseNet) -> list[nn.Module]:
    """Stages of stride 2, 4, 8, 16 and 32; the last is narrowed to half its channels."""
    f = densenet.features
    width = densenet.classifier.in_features
    part = f.get_submodule
    return [
        nn.Sequential(part("conv0"), part("norm0"), part("relu0")),
        nn.Sequential(part("denseblock1"), part("transition1")),
        nn.Sequential(part("denseblock2"), part("transition2")),
        nn.Sequential(part("denseblock3"), part("transition3")),
        nn.Sequential(
            part("denseblock4"),
            nn.Conv2d(width, width // 2, 3, padding=1),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
            _halve(),
        ),
    ]


def classifier_and_stages(
    backbone: Backbone, divisor: int
) -> tuple[str, nn.Module, list[nn.Module]]:
    """The name under which checkpoints keep the classification network, it, and its stages."""
    if backbone is Backbone.D121:
        densenet = DenseNet(divisor)
        return "densenet", densenet, densenet_stages(densenet)
    resnet = resnet101(divisor) if backbone is Backbone.R101 else resnet34(divisor)
    cut = resnet_2b_stages if backbone is Backbone.R34_2B else resnet_stages
    return "resnet", resnet, cut(resnet)
