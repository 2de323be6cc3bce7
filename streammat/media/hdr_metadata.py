"""Static HDR metadata as FFmpeg hands it out with a decoded picture."""

from __future__ import annotations

import struct
from typing import Any

import av
from av.sidedata.sidedata import Type

from streammat.types import Chromaticities, HdrMetadata

__all__ = ["hdr_metadata"]

# AVMasteringDisplayMetadata: ten rationals of two ints (R, G, B, white as x and y, darkest,
# brightest), then two flags; AVContentLightMetadata: two unsigned ints. FFmpeg keeps both layouts.
_DISPLAY = struct.Struct("=20i2i")
_LIGHT = struct.Struct("=2I")


def hdr_metadata(frame: av.VideoFrame) -> HdrMetadata | None:
    """Mastering display and content light levels of a picture; None when it carries neither."""
    display = _bytes(frame, Type.MASTERING_DISPLAY_METADATA, _DISPLAY.size)
    light = _bytes(frame, Type.CONTENT_LIGHT_LEVEL, _LIGHT.size)
    if display is None and light is None:
        return None
    primaries, luminance = (None, None) if display is None else _display(display)
    max_cll, max_fall = (0, 0) if light is None else _LIGHT.unpack(light)
    return HdrMetadata(primaries, luminance, max_cll, max_fall)


def _bytes(frame: av.VideoFrame, kind: Type, size: int) -> bytes | None:
    pieces: Any = frame.side_data  # iterating gives the pieces in PyAV 18, their kinds in 19
    piece = pieces.get(kind)
    data = b"" if piece is None else bytes(piece)
    return data[:size] if len(data) >= size else None


def _display(data: bytes) -> tuple[Chromaticities | None, tuple[float, float] | None]:
    numbers = _DISPLAY.unpack(data)
    values = [n / d if d else 0.0 for n, d in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
    has_primaries, has_luminance = numbers[20:]
    points = [(values[i], values[i + 1]) for i in range(0, 8, 2)]
    red, green, blue, white = points
    primaries = Chromaticities(red, green, blue, white) if has_primaries else None
    return primaries, (values[8], values[9]) if has_luminance else None
