"""Ops with gradients for ``torch.autograd``, computed by the kernels of this package.

For float32 tensors on the CPU and on CUDA. They are differentiable once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

import numpy as np
import torch

from . import taps
from .compose import compose, compose_gradients
from .dispatch import backend, takes_any_array
from .errors import ShapeError
from .taps import Taps

__all__ = ["composition", "laplacian_pyramid", "resize"]

Filter = Literal["area", "bilinear"]
_FILTERS = {"area": taps.area, "bilinear": taps.bilinear}


def composition(
    foreground: torch.Tensor, background: torch.Tensor, alpha: torch.Tensor
) -> torch.Tensor:
    """``alpha F + (1 - alpha) B`` with gradients for all three.

    Args:
        foreground, background: (N, C, H, W) float32.
        alpha: (N, 1, H, W) float32, 0..1.

    Raises:
        ShapeError: tensors of other shapes or dtypes.
    """
    return _call(_Composition, foreground.contiguous(), background.contiguous(), alpha.contiguous())


def resize(images: torch.Tensor, size: tuple[int, int], filter_: Filter = "area") -> torch.Tensor:
    """Images at another size, as ``resize.area`` or ``resize.bilinear`` does, with gradients.

    Args:
        images: (N, C, H, W) float32, any range.
        size: height and width of the result, 1 or more.
        filter_: the true area filter (linear where it grows), or linear interpolation.

    Raises:
        ShapeError: another shape or dtype, a size below 1, another filter.
    """
    if images.ndim != 4 or images.dtype != torch.float32 or 0 in images.shape:
        raise ShapeError(f"images is {images.dtype} {tuple(images.shape)}; float32 (N, C, H, W)")
    if min(size) < 1 or filter_ not in _FILTERS:
        raise ShapeError(f"resize to {size} by {filter_!r}; 1x1 or more by 'area' or 'bilinear'")
    return _call(_Resize, images.contiguous(), tuple(size), filter_)


def laplacian_pyramid(images: torch.Tensor, levels: int = 5) -> list[torch.Tensor]:
    """What each level loses to the next, and the last level itself; summed up it is the image.

    Levels halve (rounded up) by area and grow by linear interpolation (Burt and Adelson 1983, "The
    Laplacian Pyramid as a Compact Image Code", with these filters).

    Args:
        images: (N, C, H, W) float32.
        levels: 1 or more; fewer come where the image is down to 1x1.

    Raises:
        ShapeError: another shape or dtype, levels below 1.
    """
    if levels < 1:
        raise ShapeError(f"a pyramid of {levels} levels; 1 or more are allowed")
    pyramid = []
    for _ in range(levels - 1):
        height, width = images.shape[-2:]
        if height == width == 1:
            break
        small = resize(images, (-(-height // 2), -(-width // 2)))
        pyramid.append(images - resize(small, (height, width), "bilinear"))
        images = small
    return [*pyramid, images]


class _Composition(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: torch.Tensor) -> Any:
        ctx.save_for_backward(*inputs)
        out = torch.empty_like(inputs[0])
        arrays: list[Any] = [*(tensor.detach() for tensor in inputs), out]
        compose(*arrays)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        arrays: Any = [
            tensor.detach() for tensor in (*ctx.saved_tensors, gradients[0].contiguous())
        ]
        return compose_gradients(*arrays)


class _Resize(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: torch.Tensor, size: tuple[int, int], filter_: Filter) -> Any:
        ctx.sizes, ctx.filter_ = tuple(images.shape[-2:]), filter_
        axes = zip(ctx.sizes, size, strict=True)
        return _filtered(images, size, [_FILTERS[filter_](*axis) for axis in axes])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        gradient = gradients[0].contiguous()
        axes = zip(ctx.sizes, gradient.shape[-2:], strict=True)
        transposed = [_transposed(ctx.filter_, *axis) for axis in axes]
        return _filtered(gradient, ctx.sizes, transposed), None, None


def _call(function: Any, *args: Any) -> torch.Tensor:
    result: torch.Tensor = function.apply(*args)
    return result


def _filtered(images: torch.Tensor, size: tuple[int, int], axes: list[Taps]) -> torch.Tensor:
    out = images.new_empty((*images.shape[:2], *size))
    planes = images.detach().flatten(0, 1), out.flatten(0, 1)
    for plane, target in zip(*planes, strict=True):
        _filter_plane(plane, target, axes)
    return out


@takes_any_array
def _filter_plane(plane: Any, out: Any, axes: list[Taps]) -> None:
    backend("streammat_kernels.resize", plane).resize(plane, out, axes[0], axes[1], None)


@lru_cache(maxsize=128)
def _transposed(filter_: Filter, size_in: int, size_out: int) -> Taps:
    """The transpose of a filter is a filter, too: its windows are the columns of the matrix."""
    forward = _FILTERS[filter_](size_in, size_out)
    matrix = np.zeros((size_out, size_in), np.float32)
    index = forward.start[:, None] + np.arange(forward.weights.shape[1])
    np.put_along_axis(matrix, index, forward.weights, axis=1)
    used = matrix.T != 0
    first = np.where(used.any(axis=1), used.argmax(axis=1), 0)
    last = size_out - 1 - used[:, ::-1].argmax(axis=1)
    width = max(1, int(np.where(used.any(axis=1), last - first, 0).max()) + 1)
    start = np.minimum(first, size_out - width)
    weights = np.take_along_axis(matrix.T, start[:, None] + np.arange(width), axis=1)
    return Taps(start.astype(np.int32), np.ascontiguousarray(weights))
