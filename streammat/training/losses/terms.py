"""The single terms of GFM's published loss.

Source: Li et al., "Bridging Composite and Real: Towards End-to-end Deep Image Matting", IJCV 2021,
section 5, in the form of the code that its authors released (https://github.com/JizhiziLi/GFM).
Alphas and label maps are 0..1, colours 0..255; all are float32, (B, C, H, W).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from streammat.training.losses.shares import weighted_mean
from streammat.training.parallel import Group

SMOOTHED_ZERO = 1e-12  # inside the root, so that its slope is finite where nothing differs
LAPLACIAN_LEVELS = 5
TRANSITION, OPAQUE = 128, 255  # of a trimap, times 255
_ODD_FOREGROUND = 2  # the interpolated value that the released code takes for foreground


def difference(a: Tensor, b: Tensor) -> Tensor:
    """|a - b|, smooth at zero."""
    return torch.sqrt((a - b) ** 2 + SMOOTHED_ZERO)


def transition_of(trimap: Tensor) -> Tensor:
    """1 where the trimap is 128, else 0. Values between 128 and its neighbours, which the resize
    made, do not count."""
    return ((trimap * 255).round() == TRANSITION).to(trimap.dtype)


def glance_classes(labels: Tensor, classes: int, *, two_is_foreground: bool = False) -> Tensor:
    """Label map (B, 1, H, W) 0..1 -> class numbers (B, H, W).

    Args:
        labels: a trimap for three classes, a dilation or erosion for two.
        classes: 3: background, all between, foreground. 2: foreground or not.
        two_is_foreground: of three classes, a value of 2 (of 255, from the resize) is foreground,
            as the released code has it by the order of its assignments.
    """
    values = (labels[:, 0] * 255).round()
    if classes == 2:
        return (values == OPAQUE).long()
    found = (values > 0).long() + (values == OPAQUE).long()
    return found + (values == _ODD_FOREGROUND).long() if two_is_foreground else found


def cross_entropy(glance: Tensor, classes: Tensor) -> Tensor:
    """Mean cross-entropy of glance (B, C, H, W) after a softmax.

    `glance` holds sigmoids, as published: the softmax comes on top of them, which bounds the loss
    from below (0.55 for three classes) and softens its slope.
    """
    return functional.cross_entropy(glance, classes)


def alpha_loss(alpha: Tensor, target: Tensor) -> Tensor:
    """Mean absolute difference over the whole picture."""
    return difference(alpha, target).mean()


def alpha_loss_within(alpha: Tensor, target: Tensor, weights: Tensor, group: Group) -> Tensor:
    """Mean absolute difference where `weights` (0 or 1) is 1, over the whole batch."""
    values = torch.sqrt(((alpha - target) * weights) ** 2 + SMOOTHED_ZERO)
    return weighted_mean(values, weights, group, 1.0)


def laplacian_kernel() -> Tensor:
    """(1, 1, 5, 5): the released low-pass kernel.

    Its entries are g(x) + g(y) with g(t) = exp(-t^2), normalised: no product of Gaussians, and kept
    because it is what the published loss values were made with.
    """
    g = torch.exp(-((torch.arange(5, dtype=torch.float64) - 2) ** 2))
    kernel = g[:, None] + g[None, :]
    return (kernel / kernel.sum()).float()[None, None]


def laplacian_pyramid(x: Tensor, levels: int = LAPLACIAN_LEVELS) -> list[Tensor]:
    """(B, 1, H, W) -> `levels` band-pass maps, each half the size, and the low-pass rest."""
    kernel, maps = laplacian_kernel().to(x), []
    for _ in range(levels):
        blurred = functional.conv2d(functional.pad(x, (2, 2, 2, 2), mode="replicate"), kernel)
        maps.append(x - blurred)
        x = functional.avg_pool2d(blurred, 2)
    return [*maps, x]


def laplacian_loss(alpha: Tensor, target: Tensor, weights: Tensor | None = None) -> Tensor:
    """Sum over the levels of the mean absolute difference; H and W at least 32.

    With `weights` both maps are multiplied by them first; the means stay over the whole area.
    """
    rest = alpha - target if weights is None else (alpha - target) * weights
    means = [level.abs().mean() for level in laplacian_pyramid(rest)]
    return torch.stack(means).sum()


def composition_loss(alpha: Tensor, foreground: Tensor, background: Tensor, rgb: Tensor) -> Tensor:
    """Absolute difference of the picture and its composite, 0..1 a channel, three added up."""
    composite = alpha * foreground + (1 - alpha) * background
    return 3 * difference(composite, rgb).mean() / 255
