"""Composition as training does it: batches of float images, no transfer curve, differentiable."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..dispatch import backend, empty, takes_any_array
from ..errors import ShapeError

__all__ = ["compose", "compose_gradients"]

Images = NDArray[np.float32]


@takes_any_array
def compose(
    foreground: Images, background: Images, alpha: Images, out: Images | None = None
) -> Images:
    """``alpha F + (1 - alpha) B`` for every image of a batch.

    Exact at both ends: alpha 1 gives F bit for bit, alpha 0 gives B. ``gradients.composition`` is
    the same for ``torch.autograd``.

    Args:
        foreground, background: (N, C, H, W) float32, contiguous, any range.
        alpha: (N, 1, H, W) float32, contiguous, 0..1.
        out: like ``foreground``; may be one of the inputs. None makes one.

    Returns:
        ``out``.

    Raises:
        ShapeError: arrays of other shapes, dtypes or strides.
    """
    _check(foreground, background, alpha)
    out = empty(foreground.shape, np.float32, foreground) if out is None else out
    _check_one("out", out, foreground.shape)
    backend(__name__, foreground).compose(foreground, background, alpha, out)
    return out


@takes_any_array
def compose_gradients(
    foreground: Images, background: Images, alpha: Images, gradient: Images
) -> tuple[Images, Images, Images]:
    """Gradients with respect to foreground, background and alpha of ``compose``.

    Args:
        foreground, background, alpha: as given to ``compose``.
        gradient: (N, C, H, W) float32, contiguous, of a loss with respect to its result.

    Returns:
        ``alpha g``, ``(1 - alpha) g`` and the sum over channels of ``(F - B) g``, new arrays.

    Raises:
        ShapeError: arrays of other shapes, dtypes or strides.
    """
    _check(foreground, background, alpha)
    _check_one("gradient", gradient, foreground.shape)
    shapes = foreground.shape, foreground.shape, alpha.shape
    near, far, share = (empty(shape, np.float32, foreground) for shape in shapes)
    arrays = foreground, background, alpha, gradient, near, far, share
    backend(__name__, foreground).compose_gradients(*arrays)
    return near, far, share


def _check(foreground: Images, background: Images, alpha: Images) -> None:
    if foreground.ndim != 4 or 0 in foreground.shape:
        raise ShapeError(f"foreground has shape {foreground.shape}; it has to be (N, C, H, W)")
    number, _, height, width = foreground.shape
    _check_one("foreground", foreground, foreground.shape)
    _check_one("background", background, foreground.shape)
    _check_one("alpha", alpha, (number, 1, height, width))


def _check_one(name: str, array: Images, shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.float32 or not array.flags.c_contiguous:
        raise ShapeError(
            f"{name} is {array.dtype} {array.shape} with strides {array.strides}; it has to be "
            f"contiguous float32 {shape}"
        )
