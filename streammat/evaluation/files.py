"""An example's pixels: RGB, true alpha and trimap of one size."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from streammat.errors import MediaError
from streammat.evaluation.pairs import Example

__all__ = ["Pixels", "read_example"]

_WIDE = {"I", "I;16", "I;16L", "I;16B"}


class Pixels(NamedTuple):
    """One example in memory."""

    rgb: NDArray[np.uint8]  # (H, W, 3)
    alpha: NDArray[np.uint8] | NDArray[np.uint16]  # (H, W)
    trimap: NDArray[np.uint8] | None  # (H, W) of 0, 128, 255


def read_example(example: Example) -> Pixels:
    """Read an example; the image stands as its alpha does, as stored or turned by its EXIF tag.

    Raises:
        MediaError: a file that cannot be read, or sizes that differ.
    """
    alpha = _gray(_open(example.alpha))
    rgb = _rgb(example.image, alpha.shape)
    if rgb.shape[:2] != alpha.shape:
        raise MediaError(
            f"{example.image}: {_size(rgb.shape)}, but its alpha is {_size(alpha.shape)}; left out"
        )
    trimap = None
    if example.trimap is not None:
        trimap = _levels(_gray(_open(example.trimap)))
        if trimap.shape != alpha.shape:
            raise MediaError(
                f"{example.trimap}: {_size(trimap.shape)}, but the alpha is {_size(alpha.shape)}; "
                "left out"
            )
    return Pixels(rgb, alpha, trimap)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
            return image.copy()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"{path}: not a readable image; left out") from error


def _rgb(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as stored:
            upright = ImageOps.exif_transpose(stored)
            turned = upright is not None and upright.size != stored.size
            chosen = upright if turned and (stored.height, stored.width) != shape else stored
            assert chosen is not None
            return np.asarray(chosen.convert("RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise MediaError(f"{path}: not a readable image; left out") from error


def _gray(image: Image.Image) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """One plane: gray, the alpha channel where the image has one that varies, or R'G'B' to gray."""
    if image.mode in _WIDE:
        return np.asarray(image).astype(np.uint16)
    if image.mode in {"LA", "RGBA"}:
        alpha = np.asarray(image.getchannel("A"))
        if alpha.min() < 255:
            return alpha
    return np.asarray(image.convert("L"))


def _levels(trimap: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    """0, 128 or 255: a gray near the middle, as some sets store it, is the transition."""
    full = 255 if trimap.dtype == np.uint8 else 65535
    levels = np.full(trimap.shape, 128, np.uint8)
    levels[trimap == 0] = 0
    levels[trimap == full] = 255
    return levels
