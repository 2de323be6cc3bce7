"""What goes through a pipe: Y4M (YUV4MPEG2) pictures, or raw interleaved RGBA."""

from __future__ import annotations

from streammat.settings import OutputKind
from streammat.types import StreamInfo
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting, Transfer

__all__ = ["CHROMA", "STDOUT", "pipe_colour", "pipe_label", "pipe_layout", "pipe_pixel_format"]

STDOUT = "-"
CHROMA = {(2, 2): "420", (2, 1): "422", (1, 1): "444"}


def pipe_layout(kind: OutputKind, info: StreamInfo) -> PixelLayout:
    """Of the pictures that go to stdout."""
    if kind is OutputKind.RGBA:
        return PixelLayout(Family.RGB, 1, 1, 8, alpha=True)
    if kind is OutputKind.ALPHA:
        return PixelLayout(Family.GRAY, 1, 1, 8)
    source = info.layout
    x, y = (1, 1) if source.family is Family.RGB else (source.chroma_x, source.chroma_y)
    x, y = (x, y) if (x, y) in CHROMA else (2, 2)
    return PixelLayout(Family.PLANAR, x, y, 10 if source.bits > 8 else 8)


def pipe_colour(kind: OutputKind, info: StreamInfo) -> Colour:
    """The source's colour as far as the format holds it; an alpha uses the full range."""
    source, rgb = info.colour, info.layout.family is Family.RGB
    if kind is OutputKind.ALPHA:
        return Colour(source.matrix, True, Siting.CENTER, Transfer.SDR)
    if kind is OutputKind.RGBA:
        return Colour(source.matrix, True, Siting.CENTER, source.transfer)
    siting = Siting.LEFT if rgb else source.siting
    return Colour(source.matrix, source.full_range and not rgb, siting, source.transfer)


def pipe_label(kind: OutputKind, layout: PixelLayout) -> str:
    """The format in a few words."""
    if kind is OutputKind.RGBA:
        return "raw RGBA, 8 bits"
    if kind is OutputKind.ALPHA:
        return "Y4M, gray, 8 bits"
    chroma = ":".join(CHROMA[layout.chroma_x, layout.chroma_y])
    return f"Y4M, {chroma}, {layout.bits} bits"


def pipe_pixel_format(kind: OutputKind, layout: PixelLayout) -> str:
    """FFmpeg's name of what comes out of the pipe."""
    if kind is OutputKind.RGBA:
        return "rgba"
    if kind is OutputKind.ALPHA:
        return "gray"
    deep = f"{layout.bits}le" if layout.bits > 8 else ""
    return f"yuv{CHROMA[layout.chroma_x, layout.chroma_y]}p{deep}"
