"""Composition of batches on the GPU: one launch forwards, one backwards."""

from __future__ import annotations

from typing import Any

from ..runtime import runtime_of

__all__ = ["compose", "compose_gradients"]


def compose(foreground: Any, background: Any, alpha: Any, out: Any) -> None:
    """See ``compose.compose``; arguments are checked."""
    _launch("compose.compose", foreground, background, alpha, out)


def compose_gradients(
    foreground: Any, background: Any, alpha: Any, gradient: Any, near: Any, far: Any, share: Any
) -> None:
    """See ``compose.compose_gradients``; arguments are checked."""
    arrays = foreground, background, alpha, gradient, near, far, share
    _launch("compose.compose_gradients", *arrays)


def _launch(kernel: str, *arrays: Any) -> None:
    images, channels, height, width = arrays[0].shape
    pixels = height * width
    runtime_of(arrays[0]).elements(kernel, (pixels, images), *arrays, pixels, images, channels)
