"""TIFFs that FFmpeg does not read as they are meant: float, tiled, BigTIFF, wide integers."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import TiffImagePlugin

from streammat.errors import MediaError

from .exr_file import cover_codes, sdr_codes
from .optional import film_library
from .orientation import ORIENTATION, upright
from .picture_size import check_size
from .still_image import StillImage, split

__all__ = ["needs_tifffile", "read_tiff"]

_BITS, _SAMPLE_FORMAT, _TILE_WIDTH = 258, 339, 322
_FLOAT_SAMPLES = 3
_BIG = {b"+\0", b"\0+"}  # version 43 in either byte order; the header has 8 bytes more
_WHITE_IS_ZERO, _PLANES_APART = 0, 2


def needs_tifffile(path: Path) -> bool:
    """By its tags; Pillow reads all that has 8 bits, FFmpeg the plain ones of 16."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
            big = head[2:4] in _BIG
            tags = TiffImagePlugin.ImageFileDirectory_v2(head + file.read(8) * big)
            file.seek(tags.next)
            tags.load(file)
        if int(np.max(tags.get(_SAMPLE_FORMAT, 1))) == _FLOAT_SAMPLES:
            return True
        bits = int(np.max(tags.get(_BITS, 1)))
        return bits > 16 or (bits > 8 and (big or _TILE_WIDTH in tags))
    except (OSError, SyntaxError, ValueError, TypeError, struct.error):
        return False


def read_tiff(path: Path) -> StillImage:
    """The first picture of a TIFF: half and float samples as light, 8 and 16 bits as codes.

    Raises:
        DependencyError: tifffile is not installed.
        MediaError: damaged, or of another form.
    """
    tifffile = film_library("tifffile", str(path), "this kind of TIFF")
    try:
        with tifffile.TiffFile(path) as file:
            page = file.pages[0]
            check_size(path, int(page.imagewidth), int(page.imagelength))
            samples = np.asarray(page.asarray())
            planes, meaning = page.planarconfig, page.photometric
            held = int(page.tags.valueof(ORIENTATION, default=1))
    except (ValueError, OSError, RuntimeError, KeyError, IndexError) as error:
        why = str(error).splitlines()[0][:100] if str(error) else "damaged"
        raise MediaError(f"{path}: not a readable TIFF image ({why}); save it as EXR") from error
    if samples.ndim == 2:
        samples = samples[..., None]
    elif samples.ndim == 3 and planes == _PLANES_APART:
        samples = np.moveaxis(samples, 0, 2)
    if samples.ndim != 3 or samples.shape[2] not in {1, 2, 3, 4}:
        raise MediaError(f"{path}: a TIFF of shape {samples.shape}; save it as RGB, interleaved")
    samples = upright(samples, held)
    if samples.dtype.kind == "f":
        return _light(samples)
    if samples.dtype not in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        raise MediaError(f"{path}: a TIFF of {samples.dtype} samples; save it as uint16 or float")
    codes = ~samples if meaning == _WHITE_IS_ZERO else samples
    return StillImage(*split(codes), f"tiff {samples.dtype}")


def _light(samples: Any) -> StillImage:
    half = samples.dtype == np.float16
    floats = samples.astype(np.float16 if half else np.float32, copy=False)
    planes = [np.ascontiguousarray(floats[..., c]) for c in range(floats.shape[2])]
    colours = planes[:-1] if len(planes) in {2, 4} else planes
    codes = [sdr_codes(plane) for plane in colours]
    codes += [cover_codes(plane) for plane in planes[len(colours) :]]
    stored, layout = split(np.stack(codes, axis=-1))
    image = StillImage(stored, layout, f"tiff {samples.dtype}", curve="linear")
    return replace(image, scene=tuple(colours) if len(colours) == 3 else (colours[0],) * 3)
