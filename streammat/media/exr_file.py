"""OpenEXR images: the stored half or float samples, and what the header says of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.errors import MediaError
from streammat.types import Chromaticities, ColourTags, FloatPlane
from streammat_kernels.light import encode

from .exr_attributes import kept_attributes
from .input_colour.primaries import code_point
from .muted import muted
from .optional import film_library
from .picture_size import check_size
from .still_image import StillImage, split

__all__ = ["cover_codes", "read_exr", "sdr_codes"]

_BEAUTY = {"beauty.", "rgba.", "rgb.", "combined.", "color.", "colour."}  # taken before others
_PAIRED_RATE = 30  # above it, time codes count pairs of frames (SMPTE ST 12-1)


def read_exr(path: Path) -> StillImage:
    """The first part that holds R, G, B (or Y alone), placed into its display window.

    A file that has a matte alone, one channel A, is the grey picture of that matte.

    Raises:
        DependencyError: OpenEXR is not installed.
        MediaError: damaged, deep, or without colour.
    """
    exr = film_library("OpenEXR", str(path), "EXR")
    try:
        with muted():  # it prints why a part cannot be read, into what may be a pipe of pictures
            opened = exr.File(str(path), True)
        with opened as file:
            part = _part(file, path)
            header = dict(part.header)
            check_size(path, *_display(header)[2:])
            wanted = _wanted(part.channels) or list(part.channels)
            channels = {name: _samples(part.channels[name]) for name in wanted}
            others = [name for every in file.parts for name in every.channels]
    except (RuntimeError, OSError, ValueError, TypeError, ArithmeticError) as error:
        raise MediaError(f"{path}: not a readable EXR image ({_short(error)})") from error
    image = _matte(header, channels) if _is_matte(others) else _image(header, channels)
    return replace(image, left_out=_left_out(header, wanted, others))


def _left_out(header: dict[str, Any], wanted: list[str], others: list[str]) -> tuple[str, ...]:
    """Words for what of the file is not read; a matte in a part of its own is the alpha again."""
    read = {*wanted, *(["A"] if wanted[-1].endswith("A") else [])}
    names = sorted({name for name in others if name not in read})
    (left, top), (right, bottom) = (np.asarray(point) for point in header["dataWindow"])
    (x, y), (far_x, far_y) = (np.asarray(point) for point in header["displayWindow"])
    over = left < x or top < y or right > far_x or bottom > far_y
    return (*names, *(["what hangs over the display window"] if over else []))


def _part(file: Any, path: Path) -> Any:
    """Most files have one part; where fill and matte are apart, the one with colour."""
    names = sorted(name for part in file.parts for name in part.channels)
    if not names:  # the library leaves out parts that it cannot read, and only prints why
        raise ValueError("damaged or cut off")
    for part in file.parts:
        if _wanted(part.channels) or _is_matte(names):
            return part
    found = ", ".join(names)
    raise MediaError(f"{path}: no channels R, G, B or Y ({found} found); give the beauty pass")


def _is_matte(names: Sequence[str]) -> bool:
    """The file has nothing but one channel A, maybe of a layer."""
    return len(names) == 1 and names[0].rpartition(".")[2] == "A"


def _wanted(channels: Mapping[str, Any]) -> list[str]:
    """Names of R, G, B [, A], with a layer's prefix when no plain ones are there; or Y [, A]."""
    found = sorted({f"{n.rpartition('.')[0]}." for n in channels if "." in n})
    layers = ["", *sorted(found, key=lambda layer: layer.lower() not in _BEAUTY)]
    for layer in layers:
        for colours in ("RGB", "Y"):
            names = [layer + colour for colour in colours]
            if all(name in channels for name in names):
                return names + [layer + "A"] * (layer + "A" in channels)
    return []


def _samples(channel: Any) -> FloatPlane:
    if (channel.xSampling, channel.ySampling) != (1, 1):
        raise ValueError("luminance and chroma samples; save it as RGB")
    pixels: NDArray[Any] = np.asarray(channel.pixels)
    return pixels if pixels.dtype == np.float16 else pixels.astype(np.float32, copy=False)


def _image(header: dict[str, Any], channels: dict[str, FloatPlane]) -> StillImage:
    window = _Window(header)
    names = list(channels)
    alpha = names[-1].endswith("A")
    colours = [window.place(channels[name]) for name in (names[:-1] if alpha else names)]
    scene = tuple(colours) if len(colours) == 3 else (colours[0],) * 3
    codes = [sdr_codes(plane) for plane in colours]
    if alpha:
        codes.append(cover_codes(window.place(channels[names[-1]])))
    planes, layout = split(np.stack(codes, axis=-1))
    stated = _chromaticities(header)
    primaries = 1 if stated is None else code_point(stated)
    depth = "half" if colours[0].dtype == np.float16 else "float"
    return StillImage(
        planes=planes,
        layout=layout,
        name=f"exr {depth}",
        tags=ColourTags(primaries, 13, 1, full_range=True),
        scene=scene,
        chromaticities=stated,
        timecode=_timecode(header),
        rate=_rate(header),
        sample_aspect=_pixel_aspect(header),
        curve="linear",
        attributes=kept_attributes(header),
    )


def _matte(header: dict[str, Any], channels: dict[str, FloatPlane]) -> StillImage:
    """Cover as grey codes: white where it covers, and no light that would have a curve."""
    (cover,) = (_Window(header).place(plane) for plane in channels.values())
    planes, layout = split(cover_codes(cover))
    return StillImage(
        planes=planes,
        layout=layout,
        name=f"exr {'half' if cover.dtype == np.float16 else 'float'}",
        timecode=_timecode(header),
        rate=_rate(header),
        sample_aspect=_pixel_aspect(header),
        assumed=f"only channel {next(iter(channels))}: taken as grey",
        attributes=kept_attributes(header),
    )


def cover_codes(cover: FloatPlane) -> NDArray[np.uint16]:
    """(H, W) codes of cover 0..1, 65535 = covers; what lies outside is clipped, NaN is 0."""
    share: Any = np.clip(np.nan_to_num(cover.astype(np.float32)), 0, 1)
    return np.asarray(np.rint(share * 65535), np.uint16)


def _pixel_aspect(header: Mapping[str, Any]) -> Fraction:
    return Fraction(float(header.get("pixelAspectRatio", 1.0))).limit_denominator(1000)


def sdr_codes(light: FloatPlane) -> NDArray[np.uint16]:
    """(H, W) sRGB code values of light 0..1; what lies outside is clipped, not-a-number is 0."""
    out = np.empty(light.shape, np.uint16)
    return encode(light, out)


def _display(header: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """Left, top, width and height of the display window."""
    (left, top), (right, bottom) = (
        [int(place) for place in np.asarray(point)] for point in header["displayWindow"]
    )
    return left, top, right - left + 1, bottom - top + 1


class _Window:
    """Places the data window into the display window: crops what hangs over, fills with 0."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        (self._x, self._y), _ = (np.asarray(point) for point in header["dataWindow"])
        self._left, self._top, width, height = _display(header)
        self._shape = height, width

    def place(self, plane: FloatPlane) -> FloatPlane:
        """The plane in the display window's size."""
        y, x = int(self._y) - self._top, int(self._x) - self._left
        if (y, x) == (0, 0) and plane.shape == self._shape:
            return plane
        whole: Any = np.zeros(self._shape, plane.dtype)
        rows, columns = self._shape
        inside = plane[max(0, -y) : max(0, rows - y), max(0, -x) : max(0, columns - x)]
        y, x = max(0, y), max(0, x)
        whole[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
        placed: FloatPlane = whole
        return placed


def _chromaticities(header: Mapping[str, Any]) -> Chromaticities | None:
    stated = header.get("chromaticities")
    if stated is None:
        return None
    x = [float(value) for value in stated]
    return Chromaticities((x[0], x[1]), (x[2], x[3]), (x[4], x[5]), (x[6], x[7]))


def _timecode(header: Mapping[str, Any]) -> str:
    code = header.get("timeCode")
    if code is None:
        return ""
    sign, number, rate = ";" if code.dropFrame else ":", int(code.frame), _rate(header)
    if rate is not None and rate > _PAIRED_RATE:
        number = 2 * number + bool(code.fieldPhase)
    return f"{code.hours:02}:{code.minutes:02}:{code.seconds:02}{sign}{number:02}"


def _rate(header: Mapping[str, Any]) -> Fraction | None:
    """``framesPerSecond`` is a rational; some programs write a number."""
    stated = header.get("framesPerSecond", header.get("FramesPerSecond"))
    if stated is None or not math.isfinite(stated):
        return None
    rate = stated if isinstance(stated, Fraction) else Fraction(stated).limit_denominator(1001)
    return rate if rate > 0 else None


def _short(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:120] if str(error).strip() else "damaged"
