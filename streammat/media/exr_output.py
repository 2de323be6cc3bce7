"""OpenEXR: fill and matte in linear light, with time code, frame rate and chromaticities."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.settings import OutputKind
from streammat.types import Frame, Plane, StreamInfo
from streammat_kernels.layout import Family, Transfer
from streammat_kernels.light import to_half

from .exr_attributes import stored_attributes
from .exr_light import PlateLight, scene_fill
from .optional import film_library
from .timecode import timecode_at, timecode_text

__all__ = ["ExrFiles"]

_WHITE_NITS = 203.0  # what 1.0 of a PQ source is (ITU-R BT.2408-7)
_HALF_MAX = 65504.0
_OPAQUE = 65535
# Values that halves hold, so that alpha is rounded once.
_ALPHA_LIGHT = (np.arange(_OPAQUE + 1) / _OPAQUE).astype(np.float16).astype(np.float32)


class ExrFiles:
    """Writes planes as one EXR, ZIPS-compressed.

    A file with alpha has two parts: ``fill`` (R, G, B, A as half) and ``matte`` (A as float, which
    holds 16 bits exactly). A matte alone is ``Y`` as float.

    Args:
        path: of the output, for messages.
        kind: what it holds.
        info: of the source.
        light: what the planes' codes mean.
        premultiplied: colours are multiplied by alpha, in linear light.
        source_colours: a float source's own samples are taken wherever there are any, not only
            where alpha is 1.
        text: keyword to text; goes into ``comments``.

    Raises:
        DependencyError: OpenEXR is not installed.
    """

    def __init__(
        self,
        path: str,
        kind: OutputKind,
        info: StreamInfo,
        light: PlateLight,
        *,
        premultiplied: bool,
        source_colours: bool,
        text: dict[str, str],
    ) -> None:
        self._library = film_library("OpenEXR", path, "EXR")
        self._kind, self._info = kind, info
        self._premultiplied, self._source_colours = premultiplied, source_colours
        self._light = light.table
        self._header = self._shared_header(info, light)
        self._text = "; ".join(text.values())

    def write(self, planes: Sequence[Plane], frame: Frame, target: Path) -> None:
        """Write one file: uint16 planes R, G, B [, A] or the alpha alone.

        Raises:
            RuntimeError, OSError: the disk is full.
        """
        header = self._attributes(frame) | self._header | self._moment(frame)
        if self._kind is OutputKind.ALPHA:
            parts = [self._part(header, "matte", {"Y": _unit(planes[0])})]
        else:
            alpha = planes[3] if len(planes) > 3 else None
            colours = dict(zip("RGB", self._colours(planes, alpha, frame), strict=True))
            parts = [self._part(header, "fill", colours)]
            if alpha is not None:
                codes: Any = alpha
                colours["A"] = to_half(codes, _ALPHA_LIGHT, np.empty(alpha.shape, np.float16))
                parts = [self._part(header, "fill", colours)]
                parts.append(self._part(header, "matte", {"A": _unit(alpha)}))
        self._library.File(parts).write(str(target))

    def _colours(
        self, planes: Sequence[Plane], alpha: Plane | None, frame: Frame
    ) -> list[NDArray[np.float16]]:
        """Linear light as half; of a float source, values beyond 0..1 too."""
        cover: Any = alpha if self._premultiplied else None
        made = []
        for channel in range(3):
            stored = np.empty(planes[channel].shape, np.float16)
            codes: Any = planes[channel]
            if frame.scene is None or self._kind is OutputKind.COMPOSITE:
                to_half(codes, self._light, stored, cover)
            else:
                fill = self._of_scene(codes, frame, channel)
                stored[...] = fill if cover is None else fill * _unit(cover)
            made.append(stored)
        return made

    def _of_scene(self, codes: Plane, frame: Frame, channel: int) -> NDArray[np.float32]:
        """A channel in a float source's own values."""
        assert frame.scene is not None
        own = frame.scene[channel]
        if self._source_colours:
            held: Any = np.clip(np.nan_to_num(own.astype(np.float32)), -_HALF_MAX, _HALF_MAX)
            return np.asarray(held, np.float32)
        own_codes = frame.planes[channel if frame.layout.family is Family.RGB else 0]
        return scene_fill(codes, own_codes, own, self._light)

    def _attributes(self, frame: Frame) -> dict[str, Any]:
        """What the frame's own header says, the source's reel, and what made the file."""
        own, reel = dict(frame.attributes), self._info.metadata.get("reel_name")
        own.pop("timeCode", None)  # text here; see _moment
        comments = "; ".join(text for text in (own.get("comments"), self._text) if text)
        named = {"reelName": reel} if reel and "reelName" not in own else {}
        made = {"comments": comments} if comments else {}
        return stored_attributes(own | named | made, self._library)

    def _shared_header(self, info: StreamInfo, light: PlateLight) -> dict[str, Any]:
        points = light.primaries
        header: dict[str, Any] = {
            "compression": self._library.ZIPS_COMPRESSION,
            "type": self._library.scanlineimage,
            "pixelAspectRatio": float(info.sample_aspect),
            "chromaticities": tuple(
                float(x)
                for point in (points.red, points.green, points.blue, points.white)
                for x in point
            ),
        }
        if light.transfer is Transfer.PQ:
            header["whiteLuminance"] = _WHITE_NITS
        if info.rate is not None:
            header["framesPerSecond"] = info.rate
        return header

    def _moment(self, frame: Frame) -> dict[str, Any]:
        """The frame's own time code (SMPTE ST 12-1); above 30 a second numbers come in pairs."""
        code = timecode_at(self._info, frame)
        if code is None:
            return {}
        hours, minutes, seconds, number = (
            int(word) for word in timecode_text(code).replace(";", ":").split(":")
        )
        stored = self._library.TimeCode()
        stored.hours, stored.minutes, stored.seconds = hours, minutes, seconds
        stored.dropFrame = code.drop
        if code.rate > 30:
            stored.fieldPhase, number = bool(number % 2), number // 2
        stored.frame = number
        return {"timeCode": stored}

    def _part(self, header: dict[str, Any], name: str, channels: dict[str, Any]) -> Any:
        return self._library.Part(dict(header), channels, name)


def _unit(alpha: Plane) -> NDArray[np.float32]:
    """Alpha as 0..1; times 65535 and rounded it is the same number again."""
    return alpha.astype(np.float32) / np.float32(_OPAQUE)
