"""``--to-sdr``: HDR, log or linear plates become SDR video before anything else sees them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from streammat.types import ColourTags, Frame, StreamInfo
from streammat_kernels import colour, lut
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer
from streammat_kernels.lut import Lut

from .closing import Closing
from .reader import Reader

__all__ = ["SdrReader", "light_codes"]

_TAGS = ColourTags(primaries=1, transfer=1, matrix=1, full_range=False)
_HIGHEST_BITS = 12  # more than a display curve needs


class SdrReader(Closing):
    """A reader whose frames are tone-mapped to BT.709 video of the source's subsampling.

    Args:
        reader: closed with this one.
        table: from the plates' R'G'B' to SDR R'G'B' 0..255.
    """

    def __init__(self, reader: Reader, table: Lut) -> None:
        self._reader = reader
        self._table = table
        self.info = _sdr_info(reader.info)

    @property
    def lost_frames(self) -> int:
        """Of the reader below."""
        return self._reader.lost_frames

    @property
    def lost_places(self) -> tuple[str, ...]:
        """Of the reader below."""
        return self._reader.lost_places

    def __iter__(self) -> Iterator[Frame]:
        """Yield the reader's frames as SDR."""
        for frame in self._reader:
            yield self._converted(frame)

    def _release(self) -> None:
        self._reader.close()

    def _converted(self, frame: Frame) -> Frame:
        layout, its = self.info.layout, self.info.colour
        light = lut.apply(light_codes(frame), self._table)
        codes = np.rint(light * np.float32(65535 / 255)).astype(np.uint16)
        alpha = frame.planes[-1] if frame.layout.alpha else None
        bare = replace(layout, alpha=False)
        planes = tuple(colour.from_rgb(codes, bare, its))
        if alpha is not None:
            top = (1 << frame.layout.bits) - 1
            scaled = alpha.astype(np.float32) * np.float32(((1 << layout.bits) - 1) / top)
            planes = (*planes, np.rint(scaled).astype(planes[0].dtype))
        return replace(frame, planes=planes, layout=layout, colour=its, scene=None, owner=None)


def light_codes(frame: Frame) -> NDArray[np.float32]:
    """(3, H, W) float32 R'G'B' of the plate, 255 = its white; scene values as they are."""
    if frame.scene is not None:
        planes = [np.nan_to_num(plane.astype(np.float32)) for plane in frame.scene]
        return np.stack(planes) * np.float32(255.0)
    rgb = np.empty((3, frame.height, frame.width), np.uint16)
    colour.to_rgb(frame.planes, frame.layout, frame.colour, rgb)
    return rgb.astype(np.float32) * np.float32(255.0 / 65535.0)


def _sdr_info(info: StreamInfo) -> StreamInfo:
    """RGB stays RGB; YUV becomes planar BT.709, limited range."""
    source = info.layout
    bits = min(max(source.bits, 10), _HIGHEST_BITS) if source.bits > 8 else 8
    if source.family in {Family.RGB, Family.GRAY}:
        layout = PixelLayout(Family.RGB, 1, 1, bits, alpha=source.alpha)
        its = Colour(full_range=True, transfer=Transfer.SRGB)
        tags = ColourTags(primaries=1, transfer=13, matrix=0, full_range=True)
    else:
        layout = PixelLayout(
            Family.PLANAR, source.chroma_x, source.chroma_y, bits, alpha=source.alpha
        )
        its = Colour(siting=info.colour.siting, transfer=Transfer.SDR)
        tags = _TAGS
    return replace(
        info,
        layout=layout,
        colour=its,
        tags=tags,
        hdr=None,
        chromaticities=None,
        scene=False,
        input_colour="",
    )
