"""DPX images: samples by FFmpeg, the facts of film and television from the header.

Source: SMPTE ST 268-1; byte offsets of its generic, film and television headers.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

__all__ = ["DpxFacts", "read_dpx_facts"]

_HEADER_BYTES = 2048
_ORIENTATION, _TRANSFER, _ASPECT = 768, 801, 1628
_FILM_RATE, _TIMECODE, _TV_RATE = 1724, 1920, 1940
# Which way pixels, then lines, were scanned, in the numbers of EXIF; other codes say nothing.
_SCANNED = (1, 2, 4, 3, 5, 6, 8, 7)
_UNDEFINED = 0xFFFFFFFF
_LOG_TRANSFERS = {1, 3}  # printing density, logarithmic
_SLOWEST, _FASTEST = 1.0, 1000.0


@dataclass(frozen=True, slots=True)
class DpxFacts:
    """What a header says; each field has the value of "not said" where it does not.

    Its "linear" is not believed: programs write it over video, FFmpeg among them.

    Attributes:
        rate: frames per second.
        timecode: as text, "" without.
        sample_aspect: width to height of a pixel, as stored.
        orientation: 1..8 as EXIF counts, see `streammat.media.orientation`; 1 is upright.
        curve: cineon, or "" (video).
    """

    rate: Fraction | None = None
    timecode: str = ""
    sample_aspect: Fraction = Fraction(1)
    orientation: int = 1
    curve: str = ""


def read_dpx_facts(path: Path) -> DpxFacts:
    """The facts of the header; of a file that is too short or no DPX, none."""
    with path.open("rb") as file:
        head = file.read(_HEADER_BYTES)
    order = {b"SDPX": ">", b"XPDS": "<"}.get(head[:4])
    if order is None or len(head) < _HEADER_BYTES:
        return DpxFacts()
    rate = _rate(_float(head, order, _TV_RATE)) or _rate(_float(head, order, _FILM_RATE))
    return DpxFacts(
        rate=rate,
        timecode=_timecode(struct.unpack_from(order + "I", head, _TIMECODE)[0]),
        sample_aspect=_aspect(*struct.unpack_from(order + "2I", head, _ASPECT)),
        orientation=_orientation(struct.unpack_from(order + "H", head, _ORIENTATION)[0]),
        curve="cineon" if head[_TRANSFER] in _LOG_TRANSFERS else "",
    )


def _orientation(code: int) -> int:
    return _SCANNED[code] if code < len(_SCANNED) else 1


def _float(head: bytes, order: str, offset: int) -> float:
    return float(struct.unpack_from(order + "f", head, offset)[0])


def _rate(stated: float) -> Fraction | None:
    """23.976 is 24000/1001; anything undefined is a NaN or no sensible number."""
    if not math.isfinite(stated) or not _SLOWEST <= stated < _FASTEST:
        return None
    whole = round(stated)
    ntsc = Fraction(round(stated * 1.001) * 1000, 1001)
    if abs(stated - whole) < 0.0005:
        return Fraction(whole)
    return ntsc if abs(stated - ntsc) < 0.005 else Fraction(stated).limit_denominator(1000)


def _timecode(bits: int) -> str:
    """Eight binary-coded decimals; the flag for drop-frame lies in the frames' tens (ST 12-1)."""
    digits = f"{bits & 0xFFFFFF3F:08x}"
    if bits in {0, _UNDEFINED} or not digits.isdigit():
        return ""
    sign = ";" if bits & 0x40 else ":"
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:6]}{sign}{digits[6:]}"


def _aspect(width: int, height: int) -> Fraction:
    stated = width not in {0, _UNDEFINED} and height not in {0, _UNDEFINED}
    return Fraction(width, height) if stated else Fraction(1)
