"""Composition in NumPy: a few passes over memory, which is what it costs anyway."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["compose", "compose_gradients"]

Images = NDArray[np.float32]
_ONE = np.float32(1)


def compose(foreground: Images, background: Images, alpha: Images, out: Images) -> None:
    """See ``compose.compose``; arguments are checked."""
    far = (_ONE - alpha) * background  # before ``out`` is written, which may be an input
    np.multiply(alpha, foreground, out=out)
    out += far


def compose_gradients(
    foreground: Images,
    background: Images,
    alpha: Images,
    gradient: Images,
    near: Images,
    far: Images,
    share: Images,
) -> None:
    """See ``compose.compose_gradients``; arguments are checked."""
    np.multiply(alpha, gradient, out=near)
    np.multiply(_ONE - alpha, gradient, out=far)
    np.sum((foreground - background) * gradient, axis=1, keepdims=True, out=share)
