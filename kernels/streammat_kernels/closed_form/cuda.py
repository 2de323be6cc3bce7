"""Closed-form refinement on the GPU: a launch a step, and three around them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..runtime import Runtime, Struct, plane, runtime_of
from .model import SIDE, Settings, steps_of
from .workspace import Workspace

__all__ = ["closed_form"]

_VIEW = np.dtype([("data", "u8"), ("plane", "i8"), ("stride", "i8")])


class _Buffers(NamedTuple):
    """Maps of the content on the device."""

    unknown: Any
    weights: Any
    now: Any
    before: Any


def closed_form(out: Any, rgb: Any, settings: Settings, workspace: Workspace) -> None:
    """See ``closed_form.closed_form``; arguments are checked, ``out`` holds the alpha given."""
    run = runtime_of(out)
    rows, columns = workspace.sizes
    unknown, weights, now, before = _buffers_of(run, workspace)
    size, alpha = (columns, rows), plane(run, out, what="out")
    run.elements("closed_form.begin", size, alpha, unknown, now, before, *size)
    noise = np.float64(settings.noise)
    run.elements("closed_form.build", size, _view_of(run, rgb), unknown, weights, noise, *size)
    for keep, rate in steps_of(settings):
        factors = float(settings.trust), keep, rate
        run.elements(
            "closed_form.iterate", size, weights, unknown, alpha, now, before, *factors, *size
        )
        now, before = before, now
    run.elements("closed_form.finish", size, alpha, unknown, now, *size)


def _view_of(run: Runtime, rgb: Any) -> Struct:
    """``View`` of closed_form.cuh."""
    record = np.zeros((), _VIEW)
    record["data"] = run.address(rgb)
    record["plane"], record["stride"] = rgb.shape[1] * rgb.shape[2], rgb.shape[2]
    return Struct(record)


def _buffers_of(run: Runtime, workspace: Workspace) -> _Buffers:
    """The workspace's maps on the device, made by its first use there."""
    if workspace.device is None or workspace.device[0] is not run:
        shape = workspace.sizes
        workspace.device = (
            run,
            _Buffers(
                run.empty(shape, np.uint8),
                run.empty((SIDE * SIDE, *shape), np.float32),
                run.empty(shape, np.float32),
                run.empty(shape, np.float32),
            ),
        )
    buffers: _Buffers = workspace.device[1]
    return buffers
