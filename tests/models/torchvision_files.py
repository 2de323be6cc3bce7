"""Weight files as torchvision publishes them, from the architectures in the papers alone.

Every value is drawn, so that no two tensors are alike.
"""

from __future__ import annotations

from typing import Any

import torch

Shapes = dict[str, tuple[int, ...]]
CLASSES = 1000
RESNET34, RESNET101 = (3, 4, 6, 3), (3, 4, 23, 3)
DENSENET121 = (6, 12, 24, 16)


def _norm(name: str, width: int) -> Shapes:
    return {
        f"{name}.{part}": (width,) for part in ("weight", "bias", "running_mean", "running_var")
    }


def resnet(depths: tuple[int, ...], *, bottleneck: bool = False, divisor: int = 1) -> Shapes:
    """Keys and shapes of a ResNet; `divisor` narrows it as it narrows our networks."""
    stem = 64 // divisor
    shapes: Shapes = {"conv1.weight": (stem, 3, 7, 7)} | _norm("bn1", stem)
    inputs = stem
    for number, depth in enumerate(depths, 1):
        width = stem * 2 ** (number - 1)
        outputs = 4 * width if bottleneck else width
        for index in range(depth):
            name, first = f"layer{number}.{index}", inputs if index == 0 else outputs
            if bottleneck:
                convs = [(width, first, 1), (width, width, 3), (outputs, width, 1)]
            else:
                convs = [(width, first, 3), (width, width, 3)]
            for place, (out, into, side) in enumerate(convs, 1):
                shapes[f"{name}.conv{place}.weight"] = (out, into, side, side)
                shapes |= _norm(f"{name}.bn{place}", out)
            if index == 0 and (number > 1 or outputs != inputs):
                shapes[f"{name}.downsample.0.weight"] = (outputs, inputs, 1, 1)
                shapes |= _norm(f"{name}.downsample.1", outputs)
        inputs = outputs
    return shapes | {"fc.weight": (CLASSES, inputs), "fc.bias": (CLASSES,)}


def densenet(depths: tuple[int, ...], *, divisor: int = 1, dotted: bool = False) -> Shapes:
    """The same of a DenseNet with growth 32; `dotted`: the names of the published files."""
    width, growth, dot = 64 // divisor, 32 // divisor, "." if dotted else ""
    shapes: Shapes = {"features.conv0.weight": (width, 3, 7, 7)} | _norm("features.norm0", width)
    for number, depth in enumerate(depths, 1):
        for index in range(1, depth + 1):
            name = f"features.denseblock{number}.denselayer{index}"
            shapes |= _norm(f"{name}.norm{dot}1", width)
            shapes[f"{name}.conv{dot}1.weight"] = (4 * growth, width, 1, 1)
            shapes |= _norm(f"{name}.norm{dot}2", 4 * growth)
            shapes[f"{name}.conv{dot}2.weight"] = (growth, 4 * growth, 3, 3)
            width += growth
        if number < len(depths):
            name = f"features.transition{number}"
            shapes |= _norm(f"{name}.norm", width)
            shapes[f"{name}.conv.weight"] = (width // 2, width, 1, 1)
            width //= 2
    shapes |= _norm("features.norm5", width)
    return shapes | {"classifier.weight": (CLASSES, width), "classifier.bias": (CLASSES,)}


def drawn(shapes: Shapes, *, counters: bool = False, seed: int = 5) -> dict[str, Any]:
    """Tensors of these shapes; variances are above 0, and the convolutions keep the scale."""
    generator = torch.Generator().manual_seed(seed)
    state: dict[str, Any] = {}
    for key, shape in shapes.items():
        value = torch.randn(shape, generator=generator)
        if key.endswith("running_var"):
            value = value.abs() + 0.5
            if counters:
                counter = key.replace("running_var", "num_batches_tracked")
                state[counter] = torch.tensor(7)
        elif len(shape) == 4:
            value = value / (shape[1] * shape[2] * shape[3]) ** 0.5
        state[key] = value
    return state
