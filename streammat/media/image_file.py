"""One image file to planes, by the library that keeps every bit of its kind.

Pillow reads 8 bits, FFmpeg 16-bit PNG and TIFF and DPX, OpenEXR half and float, tifffile float,
tiled and BigTIFF; all upright, where the file says how it was held. Nothing is scaled from one
depth to another here.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from streammat.errors import MediaError
from streammat.types import ColourTags, Plane
from streammat_kernels.layout import Family, PixelLayout

from .dpx_file import read_dpx_facts
from .exr_file import read_exr
from .ffmpeg import open_input
from .layouts import mapping, views
from .orientation import orientation_of, swaps_axes, upright
from .pillow import open_picture
from .still_image import StillImage, split
from .tiff_file import needs_tifffile, read_tiff

__all__ = ["load_image", "read_image", "split"]

_PNG_DEPTH_BYTE = 24  # bit depth in the IHDR chunk (PNG specification, 11.2.2)
_TIFF_BITS = 258
_TIFF_SUFFIXES = {".tif", ".tiff"}
_WIDE_MODES = {"I", "F", "I;16", "I;16L", "I;16B", "I;16N"}
_READABLE = "give PNG, JPEG, TIFF, EXR or DPX"
_AGAIN = "get it from its source again"


def read_image(path: Path) -> tuple[tuple[Plane, ...], PixelLayout, str]:
    """Decode one image upright, code values only.

    Returns:
        Planes R, G, B [, A] of 8 to 16 bits (gray images: one plane [, A]), their layout,
        and the name of the stored format for reports.

    Raises:
        MediaError: missing, damaged or not an image.
        DependencyError: its kind needs a library that is not installed.
    """
    image = load_image(path)
    return image.planes, image.layout, image.name


def load_image(path: Path) -> StillImage:
    """Decode one image upright with everything that it says about itself.

    Raises:
        MediaError: missing, damaged or not an image.
        DependencyError: its kind needs a library that is not installed.
    """
    if not path.is_file():
        raise MediaError(f"{path}: no such file; check the path")
    suffix = path.suffix.lower()
    if suffix == ".exr":
        return read_exr(path)
    if suffix == ".dpx":
        return _read_dpx(path)
    if suffix in _TIFF_SUFFIXES and needs_tifffile(path):
        return read_tiff(path)
    return _read_wide(path) if _is_wide(path) else _read_plain(path)


def _read_plain(path: Path) -> StillImage:
    try:
        with open_picture(path) as stored:
            name = f"{(stored.format or 'image').lower()} {stored.mode}"
            # What else a phone's MPO holds is no next picture.
            pictures = 1 if stored.format == "MPO" else getattr(stored, "n_frames", 1)
            image = ImageOps.exif_transpose(stored)
            assert image is not None
            samples = np.asarray(image.convert(_plain_mode(image)))
    except UnidentifiedImageError as error:
        raise MediaError(f"{path}: not a readable image; {_READABLE}") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"{path}: damaged or cut off ({error}); {_AGAIN}") from error
    planes, layout = split(samples)
    return StillImage(planes, layout, name, pictures=pictures)


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
        with open_picture(path) as image:
            return image.mode in _WIDE_MODES or max(_tiff_values(image, _TIFF_BITS)) > 8
    except (OSError, SyntaxError, ValueError):
        return path.suffix.lower() in _TIFF_SUFFIXES  # Pillow knows no 16-bit colour


def _tiff_values(image: Image.Image, tag: int) -> tuple[int, ...]:
    return tuple(np.atleast_1d(getattr(image, "tag_v2", {}).get(tag, (8,))))


def _decoded(path: Path) -> av.VideoFrame:
    with open_input(str(path)) as container:
        try:
            return next(container.decode(video=0))
        except (StopIteration, av.error.FFmpegError, OSError) as error:
            raise MediaError(f"{path}: damaged or cut off; {_AGAIN}") from error


def _packed(frame: av.VideoFrame, path: Path) -> NDArray[Any]:
    """(H, W) or (H, W, channels) samples in the order R, G, B [, A] or gray [, A]."""
    name = frame.format.name
    if name.startswith("ya16"):  # PyAV knows it not
        order = ">u2" if name.endswith("be") else "<u2"
        words = np.frombuffer(memoryview(frame.planes[0]), np.dtype(order))
        rows = words.reshape(frame.height, -1)[:, : 2 * frame.width]
        return rows.reshape(frame.height, frame.width, 2)
    try:
        samples: NDArray[Any] = np.asarray(frame.to_ndarray())
    except ValueError as error:
        raise MediaError(f"{path}: {name} samples are not read; save it as RGB") from error
    return samples[..., ::-1] if name == "abgr" else samples


def _read_wide(path: Path) -> StillImage:
    frame = _decoded(path)
    samples = upright(_packed(frame, path), orientation_of(path))
    if samples.dtype == np.float32:
        samples = np.rint(np.clip(samples, 0, 1) * 65535).astype(np.uint16)
    planes, layout = split(np.ascontiguousarray(samples, dtype=samples.dtype.newbyteorder("=")))
    return StillImage(planes, layout, frame.format.name)


def _read_dpx(path: Path) -> StillImage:
    """Planar frames keep their 10 or 12 bits; packed ones have 8 or 16."""
    frame, facts = _decoded(path), read_dpx_facts(path)
    if mapping(frame.format.name) is None:
        planes, layout = split(_native(_packed(frame, path)))
    else:
        planes, layout = views(frame, keep_alpha=True)
    aspect = facts.sample_aspect
    if swaps_axes(facts.orientation):
        layout = replace(layout, chroma_x=layout.chroma_y, chroma_y=layout.chroma_x)
        aspect = 1 / aspect
    full = layout.family in {Family.RGB, Family.GRAY}
    return StillImage(
        tuple(upright(plane, facts.orientation).copy() for plane in planes),
        layout,
        f"dpx {frame.format.name}",
        ColourTags(primaries=1, transfer=1, matrix=1, full_range=full),
        timecode=facts.timecode,
        rate=facts.rate,
        sample_aspect=aspect,
        curve=facts.curve,
    )


def _native(samples: Any) -> Any:
    return np.ascontiguousarray(samples, dtype=samples.dtype.newbyteorder("="))
