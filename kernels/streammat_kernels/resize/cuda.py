"""Separable filters on the GPU: one launch a picture or plane, both directions at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import taps
from ..bands import Bands
from ..layout import Colour, Family, PixelLayout
from ..runtime import Runtime, Struct, plane_triple, runtime_of, taps_of
from ..runtime import plane as plane_of
from ..taps import Taps
from .view import chroma_axes, view_matrix

__all__ = ["network_view", "resample", "resize"]


def network_view(
    planes: Sequence[Any],
    layout: PixelLayout,
    colour: Colour,
    out: Any,
    content: tuple[int, int],
    bands: Bands | None,
) -> None:
    """See ``resize.network_view``; arguments are checked. One launch."""
    del bands
    run = runtime_of(out)
    height, width = planes[0].shape
    axes = (height, content[0]), (width, content[1])
    luma = [taps_of(run, taps.area(*axis)).value for axis in axes]
    chroma = luma
    if layout.family in {Family.PLANAR, Family.SEMIPLANAR}:
        keys = chroma_axes(height, width, content, layout, colour.siting)
        chroma = [taps_of(run, taps.area_of_chroma(*key)).value for key in keys]
    run.elements(
        "resize.view",
        (out.shape[2], out.shape[1]),
        plane_triple(run, planes, layout, "planes"),
        1 if layout.family is Family.GRAY else 3,
        Struct(np.stack([*luma, *chroma])),
        Struct(view_matrix(layout, colour)),
        Struct(np.stack([plane_of(run, channel, what="out").value for channel in out])),
        *(out.shape[2], out.shape[1], content[1], content[0]),
    )


def resize(plane: Any, out: Any, rows: Taps, columns: Taps, bands: Bands | None) -> None:
    """Filter a plane into ``out`` (same dtype, or float32): codes are rounded, float32 is not."""
    del bands
    run = runtime_of(plane)
    if out.dtype == np.float32:
        run.elements(
            "resize.resample_float",
            (out.shape[1], out.shape[0]),
            plane_of(run, plane),
            plane_of(run, out, what="out"),
            taps_of(run, rows),
            taps_of(run, columns),
            out.shape[1],
            out.shape[0],
        )
        return
    top = float(np.iinfo(out.dtype).max)
    resample(run, plane, out, rows, columns, (1.0, 0.0, top, 0))


def resample(
    run: Runtime,
    source: Any,
    out: Any,
    rows: Taps,
    columns: Taps,
    affine: tuple[float, float, float, int],
) -> None:
    """Codes filtered and mapped to another range: (gain, offset, top, shift)."""
    run.elements(
        "resize.resample_codes",
        (out.shape[1], out.shape[0]),
        plane_of(run, source),
        plane_of(run, out, what="out"),
        taps_of(run, rows),
        taps_of(run, columns),
        out.shape[1],
        out.shape[0],
        *affine,
    )
