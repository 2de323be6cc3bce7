"""Matte finesse on the GPU: one launch, or load, one a pixel of growth, two of feather, store."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..runtime import QUAD, Runtime, Struct, plane, plane_dtype, runtime_of, table_of
from .plan import gaussian_weights, growth_steps, step_samples

__all__ = ["finesse"]

_CLIP = np.dtype([("numbers", "f4", 2), ("inverted", "i4")])
Roi = tuple[int, int, int, int]


def finesse(
    alpha: Any,
    out: Any,
    grown_px: float,
    feather_px: float,
    clip: tuple[float, float],
    holdout: Any | None,
    garbage: Any | None,
    roi: Roi | None,
    workspace: Any,
) -> None:
    """See ``finesse.finesse``; arguments are checked, ``workspace`` lies where alpha does."""
    run = runtime_of(alpha)
    height, width = alpha.shape
    quads, size = (-(-width // QUAD), height), (width, height)
    inverted = grown_px < 0
    record = np.zeros((), _CLIP)
    record["numbers"], record["inverted"] = (clip[0] * 65535, 1 / (clip[1] - clip[0])), inverted
    mattes = _mattes(run, holdout, garbage, roi, size)
    source, target = plane(run, alpha, what="alpha"), plane(run, out, what="out")
    if not (grown_px or feather_px):
        run.elements("finesse.touch", quads, source, target, Struct(record), mattes, *size)
        return
    run.elements("finesse.load_codes", quads, source, workspace.first, Struct(record), *size)
    for radius in growth_steps(abs(grown_px)):
        samples = table_of(run, _samples(radius))
        run.elements(
            "finesse.grow", size, workspace.first, workspace.second, samples, len(samples), *size
        )
        workspace.swap()
    if feather_px > 0:
        weights = table_of(run, _gaussian(feather_px))
        for down in (0, 1):
            arrays = workspace.first, workspace.second, weights
            run.elements("finesse.correlate", size, *arrays, len(weights), down, *size)
            workspace.swap()
    run.elements("finesse.store_codes", quads, workspace.first, target, inverted, mattes, *size)


@lru_cache(maxsize=64)
def _samples(radius: float) -> NDArray[np.float32]:
    return step_samples(radius).astype(np.float32)


@lru_cache(maxsize=64)
def _gaussian(radius_px: float) -> NDArray[np.float32]:
    return gaussian_weights(radius_px)


def _mattes(
    run: Runtime, holdout: Any | None, garbage: Any | None, roi: Roi | None, size: tuple[int, int]
) -> Struct:
    """``Mattes`` of finesse.cuh."""
    nowhere = np.zeros((), plane_dtype())
    planes = [
        nowhere if array is None else plane(run, array, what=name).value
        for name, array in (("holdout", holdout), ("garbage", garbage))
    ]
    x, y, width, height = roi if roi is not None else (0, 0, *size)
    record = np.zeros((), [("planes", nowhere.dtype, 2), ("edges", "i4", 4)])
    record["planes"] = planes
    record["edges"] = np.clip([x, y, x + width, y + height], -(2**31), 2**31 - 1)
    return Struct(record)
