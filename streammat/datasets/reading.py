"""The pixels of a sample, 8 bits: what training works on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.datasets.samples import Sample
from streammat.errors import MediaError

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "Layers",
    "check_sizes",
    "picture_size",
    "read_alpha",
    "read_cutout",
    "read_layers",
    "read_rgb",
]

Rgb = NDArray[np.uint8]  # (H, W, 3)
Grey = NDArray[np.uint8]  # (H, W)
Rgba = NDArray[np.uint8]  # (H, W, 4)
_WIDE = {"I", "I;16", "I;16L", "I;16B"}
_COLOURS = {"RGB", "P", "CMYK", "YCbCr", "LAB", "HSV"}
_TINT = 8  # levels by which compression and colour profiles colour grey
_COLOURED_SHARE = 0.01  # of the pixels: rims and specks that an editor left in a mask


class Layers(NamedTuple):
    """A sample in memory; foreground and background are None where none are published."""

    picture: Rgb
    alpha: Grey
    foreground: Rgb | None
    background: Rgb | None


def read_rgb(path: Path) -> Rgb:
    """Any picture as R'G'B', upright, grey and palettes too; an alpha channel is ignored.

    Raises:
        MediaError: the file cannot be read.
    """
    image = _opened(path)
    if image.mode in _WIDE or image.mode == "F":
        return np.repeat(_grey(image)[..., None], 3, axis=2)
    return np.array(image.convert("RGB"))


def read_alpha(path: Path) -> Grey:
    """The alpha of a file: its alpha channel where that varies, else its grey.

    Colours that are transparent throughout are a picture without a subject: 0 everywhere.

    Raises:
        MediaError: the file cannot be read, holds colours that are opaque throughout, or values
            of another range.
    """
    image = _opened(path)
    if image.mode in _COLOURS and _coloured_share(image) > _COLOURED_SHARE:
        raise MediaError(
            f"{path}: a picture in colours is no alpha; give the alpha itself, as grey (is this "
            "the photograph, or a map of labels?)"
        )
    if image.mode == "RGBA":
        alpha = np.array(image.getchannel("A"))
        if alpha.min() != alpha.max():
            _check_range(alpha, path)
            return alpha
        if not alpha.any() and _coloured(image):
            return alpha
        if alpha.min() == 255 and _coloured(image, _TINT):
            raise MediaError(
                f"{path}: colours that are opaque throughout are no alpha; save the alpha as the "
                "alpha channel, or as grey"
            )
    grey = _grey(image)
    wide = image.mode in _WIDE
    _check_range(np.asarray(image).clip(0, 65535).astype(np.uint16) if wide else grey, path)
    return grey


def read_cutout(path: Path) -> Rgba:
    """A picture that carries its alpha: (H, W, 4), straight.

    Raises:
        MediaError: the file cannot be read or has no alpha channel.
    """
    image = _opened(path)
    if image.mode != "RGBA":
        raise MediaError(f"{path}: a cut-out without an alpha channel")
    return np.array(image)


def read_layers(sample: Sample) -> Layers:
    """All files of a sample.

    Raises:
        MediaError: a file that cannot be read, or layers of other sizes; its name comes first.
    """
    alpha = read_alpha(sample.alpha)
    layers: list[Rgb | None] = []
    for path in (sample.picture, sample.foreground, sample.background):
        layer = read_rgb(path) if path is not None else None
        if layer is not None:
            _check_same(path, layer.shape[1::-1], alpha.shape[::-1])
        layers.append(layer)
    assert layers[0] is not None
    return Layers(layers[0], alpha, layers[1], layers[2])


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture as it is stored, from its header.

    Raises:
        MediaError: the file is no picture.
    """
    from streammat.media.pillow import open_picture

    try:
        with open_picture(path) as image:
            return image.size
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"{path}: not a readable picture ({_reason(error)})") from error


def check_sizes(sample: Sample) -> None:
    """All files of a sample are pictures of one size, as their headers say.

    Which side is up may stand behind the pixels of a file, so sizes are compared without it.

    Raises:
        MediaError: as `read_layers` would; its name comes first.
    """
    alpha = picture_size(sample.alpha)
    for path in (sample.picture, sample.foreground, sample.background):
        if path is not None:
            size = picture_size(path)
            if size != alpha[::-1]:
                _check_same(path, size, alpha)


def _check_same(path: Path | None, size: tuple[int, ...], alpha: tuple[int, ...]) -> None:
    if size != alpha:
        raise MediaError(
            f"{path}: {size[0]}x{size[1]} pixels, but its alpha is {alpha[0]}x{alpha[1]}"
        )


def _grey(image: Image.Image) -> Grey:
    """8 bits of one channel; floats are 0..1."""
    if image.mode in _WIDE:
        codes = np.asarray(image).astype(np.uint32)
        return ((codes * 255 + 32767) // 65535).astype(np.uint8)
    if image.mode == "F":
        values = np.nan_to_num(np.asarray(image, np.float32), posinf=1)
        return (values.clip(0, 1) * 255 + np.float32(0.5)).astype(np.uint8)
    return np.array(image.convert("L"))


def _check_range(codes: NDArray[np.uint8 | np.uint16], path: Path) -> None:
    """Masks of 0 and 1, and 0..255 in 16 bits, would be taken as alphas that are nearly empty."""
    opaque, largest = int(np.iinfo(codes.dtype).max), int(codes.max())
    if codes.min() < largest <= opaque // 255:
        again = "" if opaque == 255 else ", or save 0..255 with 8 bits"
        raise MediaError(
            f"{path}: an alpha of at most {largest} of {opaque}, nearly empty; multiply it so that "
            f"opaque is {opaque}{again}"
        )


def _coloured_share(image: Image.Image) -> float:
    """Share of the pixels whose green or blue differ from red by more than compression does."""
    codes = np.asarray(image.convert("RGB")).astype(np.int16)
    return float((abs(codes[..., 1:] - codes[..., :1]) > _TINT).any(2).mean())


def _coloured(image: Image.Image, tint: int = 0) -> bool:
    """Whether green or blue differ from red by more than `tint` anywhere."""
    codes = np.asarray(image).astype(np.int16)
    return bool((abs(codes[..., 1:3] - codes[..., :1]) > tint).any())


def _opened(path: Path) -> Image.Image:
    """Decoded and upright; the transparency of palettes and the like is an alpha channel."""
    from PIL import ImageOps

    from streammat.media.pillow import open_picture

    try:
        with open_picture(path) as image:
            image.load()
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data and upright.mode not in _WIDE:
                upright = upright.convert("RGBA")
    except (OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"{path}: not a readable picture ({_reason(error)})") from error
    return upright


def _reason(error: Exception) -> str:
    """What is wrong; the library names the file a second time."""
    from PIL import UnidentifiedImageError

    if isinstance(error, UnidentifiedImageError):
        return "of no known format"
    return (isinstance(error, OSError) and error.strerror) or str(error)
