"""Light and codes on the GPU: one launch each; half floats travel as their bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..bands import Bands
from ..colour.transfer import encode_table
from ..errors import ShapeError
from ..layout import Transfer
from ..runtime import Struct, plane, plane_dtype, runtime_of, table_of
from .tables import half_table

__all__ = ["encode", "to_half"]


def encode(light: Any, out: Any, transfer: Transfer, bands: Bands | None) -> None:
    """See ``light.encode``; arguments are checked."""
    del bands
    run = runtime_of(light)
    height, width = light.shape
    kernel, source, table = "light.encode_float", light, table_of(run, encode_table(transfer))
    if light.dtype == np.float16:
        kernel, source = "light.encode_half", light.view(np.uint16)
        table = table_of(run, half_table(transfer))
    planes = plane(run, source, what="light"), table, plane(run, out, what="out")
    run.elements(kernel, (width, height), *planes, width, height)


def to_half(codes: Any, light: Any, out: Any, alpha: Any, bands: Bands | None) -> None:
    """See ``light.to_half``; arguments are checked."""
    del bands
    run = runtime_of(codes)
    height, width = codes.shape
    if light.strides != (4,):
        raise ShapeError(f"light has strides {light.strides}; its entries have to lie side by side")
    cover = Struct(np.zeros((), plane_dtype()))
    if alpha is not None:
        cover = plane(run, alpha, what="alpha")
    target = plane(run, out.view(np.uint16), what="out")
    planes = plane(run, codes, what="codes"), light, cover, target
    run.elements("light.to_half", (width, height), *planes, width, height)
