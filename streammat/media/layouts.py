"""FFmpeg pixel formats as :class:`PixelLayout`, and NumPy views onto a frame's planes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import av
import numpy as np

from streammat.errors import MediaError
from streammat.types import Plane
from streammat_kernels.layout import Colour, Family, PixelLayout

from .colour_tags import sws_arguments

_PLANAR_DEPTHS = {8, 9, 10, 12, 14, 16}
_SUBSAMPLING = {"420": (2, 2), "422": (2, 1), "440": (1, 2), "444": (1, 1)}
_SEMI_PLANAR = {
    "nv12": ("420", 8, 0),
    "nv16": ("422", 8, 0),
    "nv24": ("444", 8, 0),
    "p010le": ("420", 10, 6),
    "p012le": ("420", 12, 4),
    "p016le": ("420", 16, 0),
    "p210le": ("422", 10, 6),
    "p212le": ("422", 12, 4),
    "p216le": ("422", 16, 0),
    "p410le": ("444", 10, 6),
    "p412le": ("444", 12, 4),
    "p416le": ("444", 16, 0),
}


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a pixel format is read.

    Attributes:
        layout: of the planes, alpha included where the format has one.
        order: the format's plane number of each plane in the layout's order.
        full_range: the format's name says full range (``yuvj``).
    """

    layout: PixelLayout
    order: tuple[int, ...]
    full_range: bool = False


@lru_cache(maxsize=64)
def mapping(pixel_format: str) -> Mapping | None:
    """The mapping of a format whose planes can be read as they are, else None."""
    if pixel_format in _SEMI_PLANAR:
        chroma, bits, shift = _SEMI_PLANAR[pixel_format]
        x, y = _SUBSAMPLING[chroma]
        return Mapping(PixelLayout(Family.SEMIPLANAR, x, y, bits, shift), (0, 1))
    depth = _depth(pixel_format)
    return None if depth is None else _planar_mapping(pixel_format, depth)


def _planar_mapping(pixel_format: str, bits: int) -> Mapping | None:
    if pixel_format.startswith("gray"):
        return Mapping(PixelLayout(Family.GRAY, 1, 1, bits), (0,))
    base = pixel_format.split("p", maxsplit=1)[0]
    if base in {"gbr", "gbra"}:
        order = (2, 0, 1, 3) if base == "gbra" else (2, 0, 1)
        return Mapping(PixelLayout(Family.RGB, 1, 1, bits, alpha=base == "gbra"), order)
    alpha = base.startswith("yuva")
    chroma = base.removeprefix("yuva").removeprefix("yuvj").removeprefix("yuv")
    if not base.startswith("yuv") or chroma not in _SUBSAMPLING:
        return None
    x, y = _SUBSAMPLING[chroma]
    layout = PixelLayout(Family.PLANAR, x, y, bits, alpha=alpha)
    return Mapping(layout, (0, 1, 2, 3) if alpha else (0, 1, 2), base.startswith("yuvj"))


def _depth(pixel_format: str) -> int | None:
    """Bits of a planar little-endian integer format by its name: gray10le, yuv420p, gbrap12le."""
    stem = pixel_format.removeprefix("gray") if pixel_format.startswith("gray") else None
    if stem is None:
        _, found, stem = pixel_format.partition("p")
        if not found:
            return None
    if stem == "":
        return 8
    digits = stem.removesuffix("le")
    known = stem.endswith("le") and digits.isdigit() and int(digits) in _PLANAR_DEPTHS
    return int(digits) if known else None


@lru_cache(maxsize=64)
def nearest_planar(pixel_format: str) -> str:
    """The planar little-endian format of the same depth that loses nothing of ``pixel_format``.

    Raises:
        MediaError: a format that cannot be drawn (hardware surface, Bayer).
    """
    form = av.VideoFormat(pixel_format, 64, 64)
    odd_bits = form.is_bit_stream and form.bits_per_pixel > 1
    if not form.components or form.is_bayer or odd_bits:
        raise MediaError(f"pixel format {pixel_format} is not supported; convert the clip first")
    bits = min(max(component.bits for component in form.components), 16)
    alpha = any(component.is_alpha for component in form.components) or form.has_palette
    depth = "" if bits <= 8 else f"{next(d for d in (9, 10, 12, 14, 16) if d >= bits)}le"
    if form.is_rgb or form.has_palette or pixel_format.startswith("xyz"):
        return _existing(f"gbr{'a' if alpha else ''}p{depth}")
    if len(form.components) <= 2:
        return _existing(f"gbrap{depth}") if alpha else _existing(f"gray{depth}")
    u = form.components[1]
    chroma = {(2, 2): "420", (2, 1): "422", (1, 2): "440", (1, 1): "444"}.get(
        (min(64 // u.width, 2), min(64 // u.height, 2)), "444"
    )
    return _existing(f"yuv{'a' if alpha else ''}{chroma}p{depth}")


def _existing(name: str) -> str:
    """``name`` if FFmpeg has it, else the same family at 16 bits."""
    try:
        av.VideoFormat(name, 16, 16)
    except ValueError:
        return name.rstrip("0123456789le") + "16le"
    return name


def to_direct(frame: av.VideoFrame, colour: Colour | None = None) -> av.VideoFrame:
    """The frame itself where its planes can be read directly, else its nearest planar form."""
    if mapping(frame.format.name) is not None:
        return frame
    arguments = sws_arguments(colour) if colour is not None else {}
    converted = frame.reformat(format=nearest_planar(frame.format.name), **arguments)
    return in_time_of(converted, frame)


def in_time_of(converted: av.VideoFrame, frame: av.VideoFrame) -> av.VideoFrame:
    """``converted`` with the time stamp of ``frame``."""
    converted.pts = frame.pts
    if frame.time_base is not None:
        converted.time_base = frame.time_base
    return converted


def plane_view(plane: Any, bits: int, columns: int, pairs: bool = False) -> Plane:
    """A writable view of one plane of a frame: (rows, columns) or (rows, columns, 2); no copy."""
    dtype = np.dtype(np.uint8 if bits == 8 else np.uint16)
    stride = abs(plane.line_size) // dtype.itemsize
    flat = np.frombuffer(plane, dtype)
    rows = flat[: plane.height * stride].reshape(plane.height, stride)
    view = rows[:, : columns * 2] if pairs else rows[:, :columns]
    if plane.line_size < 0:  # stored bottom-up
        view = np.ascontiguousarray(view[::-1])
    if pairs:
        view = np.lib.stride_tricks.as_strided(
            view,
            (plane.height, columns, 2),
            (view.strides[0], 2 * dtype.itemsize, dtype.itemsize),
        )
    return view


def views(frame: av.VideoFrame, keep_alpha: bool = False) -> tuple[tuple[Plane, ...], PixelLayout]:
    """Views of a frame's planes in the layout's order; the frame must stay alive with them.

    Args:
        frame: of a directly readable format (:func:`to_direct`).
        keep_alpha: include the alpha plane where there is one.
    """
    found = mapping(frame.format.name)
    if found is None:
        raise MediaError(f"pixel format {frame.format.name} has no direct view")
    layout, order = found.layout, found.order
    if layout.alpha and not keep_alpha:
        layout, order = replace(layout, alpha=False), order[:-1]
    planes = []
    for place, index in enumerate(order):
        chroma = place in {1, 2} and layout.family in {Family.PLANAR, Family.SEMIPLANAR}
        columns = layout.chroma_size(frame.height, frame.width)[1] if chroma else frame.width
        pairs = chroma and layout.family is Family.SEMIPLANAR
        planes.append(plane_view(frame.planes[index], layout.bits, columns, pairs))
    return tuple(planes), layout
