"""An example's pixels: RGB, true alpha and trimap of one size."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streammat.errors import MediaError
from streammat.evaluation.pairs import Example
from streammat.media.image_file import load_image
from streammat.media.pillow import open_picture
from streammat.media.still_image import StillImage
from streammat_kernels.layout import Family

__all__ = ["Pixels", "read_example"]

Plane = NDArray[np.uint8] | NDArray[np.uint16]


class Pixels(NamedTuple):
    """One example in memory."""

    rgb: NDArray[np.uint8]  # (H, W, 3)
    alpha: Plane  # (H, W)
    trimap: NDArray[np.uint8] | None  # (H, W) of 0, 128, 255


def read_example(example: Example) -> Pixels:
    """Read an example: pictures are upright, as every job takes them.

    Where the image as stored, without the turn of its EXIF tag, alone has its alpha's size, that
    is taken: some sets' alphas were painted on it.

    Raises:
        MediaError: a file that cannot be read, or sizes that differ.
    """
    alpha = _gray(_loaded(example.alpha))
    rgb = _rgb(example.image, alpha.shape)
    if rgb.shape[:2] != alpha.shape:
        raise MediaError(
            f"{example.image}: {_size(rgb.shape)}, but its alpha is {_size(alpha.shape)}; left out"
        )
    trimap = None
    if example.trimap is not None:
        trimap = _levels(_gray(_loaded(example.trimap)))
        if trimap.shape != alpha.shape:
            raise MediaError(
                f"{example.trimap}: {_size(trimap.shape)}, but the alpha is {_size(alpha.shape)}; "
                "left out"
            )
    return Pixels(rgb, alpha, trimap)


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]}x{shape[0]}"


def _loaded(path: Path) -> StillImage:
    try:
        return load_image(path)
    except MediaError as error:
        raise MediaError(f"{error}; left out") from error


def _rgb(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """What a network is shown: 8 bits."""
    image = _loaded(path)
    if image.planes[0].shape != shape and (stored := _as_stored(path, shape)) is not None:
        return stored
    colours = image.planes[:3] if image.layout.family is Family.RGB else (image.planes[0],) * 3
    codes: NDArray[Any] = np.stack(colours, axis=-1)
    if codes.dtype != np.uint8:
        top = (1 << image.layout.bits) - 1
        codes = np.rint(codes * np.float32(255 / top)).astype(np.uint8)
    return codes


def _as_stored(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """The picture before it is turned, where that has this size; None else."""
    try:
        with open_picture(path) as stored:
            fits = (stored.height, stored.width) == shape
            return np.asarray(stored.convert("RGB")) if fits else None
    except (OSError, SyntaxError, ValueError):  # of a kind that has no such tag
        return None


def _gray(image: StillImage) -> Plane:
    """One plane: the alpha channel where it is not opaque throughout, else gray, or R'G'B' to gray.

    Floats are taken as they are, 1 is opaque.
    """
    planes, top = image.planes, (1 << image.layout.bits) - 1
    if image.layout.alpha and (planes[-1] < top).any():
        return _whole(planes[-1], top)
    if image.scene is not None:
        red, green, blue = (np.nan_to_num(plane.astype(np.float32)) for plane in image.scene)
        light: Any = 0.299 * red + 0.587 * green + 0.114 * blue
        return np.asarray(np.rint(np.clip(light, 0, 1) * 65535).astype(np.uint16))
    if image.layout.family is not Family.RGB:
        return _whole(planes[0], top)
    if planes[0].dtype == np.uint8:
        return np.asarray(Image.fromarray(np.stack(planes[:3], axis=-1)).convert("L"))
    red, green, blue = (plane.astype(np.float32) for plane in planes[:3])
    return _whole(np.rint(0.299 * red + 0.587 * green + 0.114 * blue).astype(np.uint16), top)


def _whole(plane: Plane, top: int) -> Plane:
    """The plane in all 8 or 16 bits of its type."""
    if plane.dtype == np.uint8 or top == np.iinfo(np.uint16).max:
        return plane
    return np.rint(plane * np.float64(65535 / top)).astype(np.uint16)


def _levels(trimap: Plane) -> NDArray[np.uint8]:
    """0, 128 or 255: a gray near the middle, as some sets store it, is the transition."""
    full = 255 if trimap.dtype == np.uint8 else 65535
    levels = np.full(trimap.shape, 128, np.uint8)
    levels[trimap == 0] = 0
    levels[trimap == full] = 255
    return levels
