"""Despill on the GPU: one launch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..runtime import QUAD, Runtime, Struct, plane, runtime_of

__all__ = ["despill"]


def despill(
    rgb: Any, alpha: Any, out: Any, channels: Sequence[int], amount: float, band: float
) -> None:
    """See ``despill.despill``; arguments are checked. ``channels``: the screen's, then the rest."""
    run = runtime_of(rgb)
    height, width = alpha.shape
    run.elements(
        "despill.limit_screen",
        (-(-width // QUAD), height),
        _ordered(run, rgb, channels, "rgb"),
        _ordered(run, out, channels, "out"),
        plane(run, alpha, what="alpha"),
        amount,
        band,
        width,
        height,
    )


def _ordered(run: Runtime, rgb: Any, channels: Sequence[int], what: str) -> Struct:
    return Struct(np.stack([plane(run, rgb[index], what=what).value for index in channels]))
