"""OpenEXR: fill and matte in linear light, with time code, frame rate and chromaticities."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.settings import OutputKind
from streammat.types import Chromaticities, Frame, Plane, StreamInfo
from streammat_kernels.colour.transfer import linear_table
from streammat_kernels.layout import Transfer
from streammat_kernels.light import to_half

from .input_colour.primaries import PRIMARIES, from_code_point
from .optional import film_library
from .timecode import timecode_at, timecode_text

__all__ = ["ExrFiles", "scene_scale"]

_WHITE_NITS = 203.0  # HDR reference white (ITU-R BT.2408-7), which becomes 1.0
_PQ_PEAK_NITS = 10000.0
_HLG_WHITE = 0.75  # signal of HDR reference white
_HALF_MAX = 65504.0
_OPAQUE = 65535
# Values that halves hold, so that alpha is rounded once.
_ALPHA_LIGHT = (np.arange(_OPAQUE + 1) / _OPAQUE).astype(np.float16).astype(np.float32)
# The library cannot write rationals: a time code holds their eight bytes until the file is there.
_RATE = b"framesPerSecond\0"


def scene_scale(transfer: Transfer) -> float:
    """What 0..1 of the curve is multiplied with, so that (reference) white is 1.0."""
    if transfer is Transfer.PQ:
        return _PQ_PEAK_NITS / _WHITE_NITS
    if transfer is Transfer.HLG:
        table = linear_table(Transfer.HLG, 16)
        return 1.0 / float(table[round(_HLG_WHITE * _OPAQUE)])
    return 1.0


class ExrFiles:
    """Writes planes as one EXR, ZIPS-compressed.

    A file with alpha has two parts: ``fill`` (R, G, B, A as half) and ``matte`` (A as float, which
    holds 16 bits exactly). A matte alone is ``Y`` as float.

    Args:
        path: of the output, for messages.
        kind: what it holds.
        info: of the source.
        transfer: curve of the planes' codes.
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
        transfer: Transfer,
        *,
        premultiplied: bool,
        source_colours: bool,
        text: dict[str, str],
    ) -> None:
        self._library = film_library("OpenEXR", path, "EXR")
        self._kind, self._info = kind, info
        self._premultiplied, self._source_colours = premultiplied, source_colours
        self._light = linear_table(transfer, 16) * np.float32(scene_scale(transfer))
        self._header = self._shared_header(info, transfer, "; ".join(text.values()))

    def write(self, planes: Sequence[Plane], frame: Frame, target: Path) -> None:
        """Write one file: uint16 planes R, G, B [, A] or the alpha alone.

        Raises:
            RuntimeError, OSError: the disk is full.
        """
        header = self._header | self._moment(frame)
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
        if self._info.rate is not None:
            rate = self._info.rate
            _patch_rate(target, rate.numerator, rate.denominator, len(parts))

    def _colours(
        self, planes: Sequence[Plane], alpha: Plane | None, frame: Frame
    ) -> list[NDArray[np.float16]]:
        """Linear light as half; a float source's own values, highlights included, where they hold.

        With estimated colours those are the opaque pixels, and all of an output without alpha
        where the source's colours were asked for.
        """
        made = []
        cover: Any = alpha if self._premultiplied else None
        for channel in range(3):
            stored = np.empty(planes[channel].shape, np.float16)
            codes: Any = planes[channel]
            to_half(codes, self._light, stored, cover)
            if frame.scene is not None and self._kind is not OutputKind.COMPOSITE:
                self._take_scene(stored, np.asarray(frame.scene[channel], np.float32), alpha)
            made.append(stored)
        return made

    def _take_scene(
        self, stored: NDArray[np.float16], scene: NDArray[np.float32], alpha: Plane | None
    ) -> None:
        """A float source's own values into ``stored``, where they are what is wanted."""
        own = np.clip(np.nan_to_num(scene), -_HALF_MAX, _HALF_MAX)
        if self._source_colours:
            covered = self._premultiplied and alpha is not None
            stored[...] = own * _unit(alpha) if covered and alpha is not None else own
        elif alpha is not None:
            np.copyto(stored, own.astype(np.float16), where=alpha == _OPAQUE)

    def _shared_header(self, info: StreamInfo, transfer: Transfer, text: str) -> dict[str, Any]:
        points = info.chromaticities or _primaries(info)
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
        if transfer is Transfer.PQ:
            header["whiteLuminance"] = _WHITE_NITS
        if info.rate is not None:
            header["framesPerSecond"] = self._library.TimeCode()
        return header | ({"comments": text} if text else {})

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


def _primaries(info: StreamInfo) -> Chromaticities:
    return from_code_point(info.tags.primaries) or PRIMARIES["bt709"]


def _patch_rate(path: Path, numerator: int, denominator: int, parts: int) -> None:
    """Turn the timecode that holds the rate's place into framesPerSecond, a rational."""
    old, new = _RATE + b"timecode\0", _RATE + b"rational\0"
    with path.open("r+b") as file:
        head = file.read(16384)
        place = -1
        for _ in range(parts):
            place = head.find(old, place + 1)
            if place < 0:
                return
            file.seek(place)
            file.write(new + struct.pack("<iiI", 8, numerator, denominator))
