"""Glance as a map of labels, and the fusion of an enlarged map with focus."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import Variant

__all__ = ["BACKGROUND_TO", "FOREGROUND_FROM", "fuse_labels", "glance_labels"]

# Interpolation in float leaves a plain 255 at 255 - 3e-14 here and there; an exact comparison would
# pepper the subject with focus values.
FOREGROUND_FROM = 254.999
BACKGROUND_TO = 0.001


def glance_labels(glance: NDArray[np.float32], variant: Variant) -> NDArray[np.uint8]:
    """(h, w) uint8 of the winning channel: tt 0, 128, 255; ft and bt 0, 255. A tie: the lowest."""
    levels = np.array([0, 128, 255] if variant == "tt" else [0, 255], np.uint8)
    labels: NDArray[np.uint8] = levels[np.argmax(glance, axis=0)]
    return labels


def fuse_labels(
    glance: NDArray[np.float64], focus: NDArray[np.float64], variant: Variant
) -> NDArray[np.float64]:
    """(H, W) alpha of an enlarged label map (0..255) and focus (0..1).

    tt: 1 where the map is 255, 0 where it is 0, else focus. ft: min(1, map + focus).
    bt: max(0, map - focus).
    """
    if variant == "ft":
        return np.minimum(1.0, glance / 255 + focus)
    if variant == "bt":
        return np.maximum(0.0, glance / 255 - focus)
    alpha = np.where(glance >= FOREGROUND_FROM, 1.0, focus)
    alpha[glance <= BACKGROUND_TO] = 0.0
    return alpha
