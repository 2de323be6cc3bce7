"""One image file to planes: Pillow for 8 bits (with EXIF orientation), FFmpeg for 16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from streammat.errors import MediaError
from streammat.types import Plane
from streammat_kernels.layout import Family, PixelLayout

from .ffmpeg import open_input

_PNG_DEPTH_BYTE = 24  # bit depth in the IHDR chunk (PNG specification, 11.2.2)
_TIFF_BITS = 258
_WIDE_MODES = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}


def read_image(path: Path) -> tuple[tuple[Plane, ...], PixelLayout, str]:
    """Decode one image upright.

    Returns:
        Planes R, G, B [, A] of 8 or 16 bits (gray images: one plane [, A]), their layout,
        and the name of the stored format for reports.

    Raises:
        MediaError: missing, damaged or not an image.
    """
    if _is_wide(path):
        return _read_wide(path)
    try:
        with Image.open(path) as stored:
            name = f"{(stored.format or 'image').lower()} {stored.mode}"
            image = ImageOps.exif_transpose(stored)
            assert image is not None
            samples = np.asarray(image.convert(_plain_mode(image)))
    except FileNotFoundError as error:
        raise MediaError(f"{path}: no such file; check the path") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"{path}: not a readable image; give PNG, JPEG or TIFF") from error
    planes, layout = split(samples)
    return planes, layout, name


def split(samples: NDArray[Any]) -> tuple[tuple[Plane, ...], PixelLayout]:
    """(H, W) or (H, W, 1..4) samples of 8 or 16 bits to contiguous planes and their layout."""
    pixels = samples[..., None] if samples.ndim == 2 else samples
    channels = pixels.shape[2]
    planes = tuple(np.ascontiguousarray(pixels[..., c]) for c in range(channels))
    layout = PixelLayout(
        family=Family.GRAY if channels <= 2 else Family.RGB,
        chroma_x=1,
        chroma_y=1,
        bits=8 * samples.dtype.itemsize,
        alpha=channels in {2, 4},
    )
    return planes, layout


def _plain_mode(image: Image.Image) -> str:
    """The mode without palette, CMYK, YCbCr or one-bit samples."""
    transparent = "transparency" in image.info or image.mode in {"RGBA", "LA", "PA", "RGBa", "La"}
    gray = image.mode in {"1", "L", "LA", "La"}
    if gray:
        return "LA" if transparent else "L"
    return "RGBA" if transparent else "RGB"


def _is_wide(path: Path) -> bool:
    """More than 8 bits a sample; Pillow would cut colour down to 8."""
    try:
        with path.open("rb") as file:
            head = file.read(_PNG_DEPTH_BYTE + 1)
        if head.startswith(b"\x89PNG"):
            return len(head) > _PNG_DEPTH_BYTE and head[_PNG_DEPTH_BYTE] == 16
        with Image.open(path) as image:
            bits = getattr(image, "tag_v2", {}).get(_TIFF_BITS, (8,))
            return image.mode in _WIDE_MODES or max(np.atleast_1d(bits)) > 8
    except (OSError, SyntaxError, ValueError):
        return False


def _read_wide(path: Path) -> tuple[tuple[Plane, ...], PixelLayout, str]:
    with open_input(str(path)) as container:
        try:
            frame = next(container.decode(video=0))
        except (StopIteration, av.error.FFmpegError, OSError) as error:
            raise MediaError(f"{path}: not a readable image; give PNG, JPEG or TIFF") from error
        name = frame.format.name
        samples = np.asarray(frame.to_ndarray())
    if samples.dtype == np.float32:
        samples = np.rint(np.clip(samples, 0, 1) * 65535).astype(np.uint16)
    planes, layout = split(np.ascontiguousarray(samples, dtype=samples.dtype.newbyteorder("=")))
    return planes, layout, name
