"""Compositing on the GPU: one launch, one more for an alpha plane."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..bands import Bands
from ..colour.cuda import fill, grid, stored_terms
from ..colour.matrices import from_rgb_terms
from ..colour.transfer import encode_table, linear_table
from ..layout import Colour, Family, PixelLayout, Transfer
from ..runtime import QUAD, Runtime, Struct, plane, plane_triple, runtime_of, table_of
from .bits import table_bits

__all__ = ["over", "premultiply", "tables_of"]

_TABLES = np.dtype([("light", "u8"), ("code", "u8"), ("top", "f4"), ("shift", "i4")])


def over(
    planes: Sequence[Any],
    layout: PixelLayout,
    colour: Colour,
    alpha: Any,
    background: Sequence[Any],
    out: Sequence[Any],
    foreground: Any | None,
    bands: Bands | None,
) -> None:
    """See ``composite.over``; arguments are checked."""
    del bands
    run = runtime_of(alpha)
    height, width = alpha.shape
    sources = ((planes, "planes"), (background, "background"), (out, "out"))
    parts = [plane_triple(run, array, layout, what).value for array, what in sources]
    matte = plane(run, alpha, what="alpha").value
    picture = Struct(np.concatenate([*parts, matte[None]]))
    tables = tables_of(run, colour.transfer, table_bits(layout), layout.shift)
    given = _foreground(run, foreground, alpha)
    if layout.alpha:
        fill(run, out[-1], ((1 << layout.bits) - 1) << layout.shift)
    terms = from_rgb_terms(layout, colour, 1.0)
    if layout.family in {Family.RGB, Family.GRAY}:
        stored = float(1 << layout.shift)
        run.elements(
            "composite.over_planes",
            (-(-width // QUAD), height),
            picture,
            given,
            3 if layout.family is Family.RGB else 1,
            *(terms.black * stored, terms.y_scale * stored),
            tables,
            width,
            height,
        )
        return
    rows, columns = layout.chroma_size(height, width)
    run.elements(
        "composite.over_yuv",
        (columns, rows),
        picture,
        given,
        stored_terms(layout, colour, (1 << table_bits(layout)) - 1),
        Struct(np.array(terms, np.float32)),
        tables,
        grid(layout, colour, height, width),
        width,
        height,
    )


def premultiply(rgb: Any, alpha: Any, out: Any, transfer: Transfer, bands: Bands | None) -> None:
    """See ``composite.premultiply``; arguments are checked."""
    del bands
    run = runtime_of(rgb)
    height, width = alpha.shape
    run.elements(
        "composite.premultiply",
        (-(-width // QUAD), height),
        _channels(run, rgb, "rgb"),
        plane(run, alpha, what="alpha"),
        _channels(run, out, "out"),
        tables_of(run, transfer, 16, 0),
        width,
        height,
    )


def tables_of(run: Runtime, transfer: Transfer, bits: int, shift: int) -> Struct:
    """``Tables`` of composite.cuh."""
    record = np.zeros((), _TABLES)
    record["light"] = run.address(table_of(run, linear_table(transfer, bits)))
    record["code"] = run.address(table_of(run, encode_table(transfer)))
    record["top"], record["shift"] = (1 << bits) - 1, shift
    return Struct(record)


def _channels(run: Runtime, rgb: Any, what: str) -> Struct:
    return Struct(np.stack([plane(run, channel, what=what).value for channel in rgb]))


def _foreground(run: Runtime, foreground: Any | None, alpha: Any) -> Struct:
    """``Foreground`` of composite.cuh; without one the planes are never read."""
    channels = [alpha] * 3 if foreground is None else list(foreground)
    planes = np.stack([plane(run, channel, what="foreground").value for channel in channels])
    record = np.zeros((), [("planes", planes.dtype, 3), ("given", "i8")])
    record["planes"], record["given"] = planes, foreground is not None
    return Struct(record)
