"""Despeckling on the GPU: four launches."""

from __future__ import annotations

from typing import Any

from ..runtime import plane, runtime_of

__all__ = ["despeckle"]

_SEGMENT = 32  # of despeckle.cuh


def despeckle(alpha: Any, out: Any, least: int, lowest: int, workspace: Any) -> None:
    """See ``despeckle.despeckle``; arguments are checked, ``workspace`` lies where alpha does."""
    run = runtime_of(alpha)
    height, width = alpha.shape
    size, segments = (width, height), (-(-width // _SEGMENT), height)
    source, target = plane(run, alpha, what="alpha"), plane(run, out, what="out")
    labels, areas = workspace.labels, workspace.areas
    run.elements("despeckle.begin", segments, source, labels, areas, lowest, *size)
    run.elements("despeckle.join_pixels", size, source, labels, lowest, *size)
    run.elements("despeckle.count_areas", segments, labels, areas, *size)
    run.elements("despeckle.erase", size, source, target, labels, areas, least, *size)
