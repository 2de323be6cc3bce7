"""How a camera was held: the orientation that EXIF and TIFF state, and pictures turned upright.

Pillow turns what it reads; this is for pictures that other libraries decode.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .pillow import open_picture

__all__ = ["ORIENTATION", "orientation_of", "swaps_axes", "upright"]

ORIENTATION = 0x0112  # the tag (TIFF 6.0 and EXIF 2.3, Orientation)
_PNG = b"\x89PNG\r\n\x1a\n"
_TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    2: lambda samples: samples[:, ::-1],
    3: lambda samples: samples[::-1, ::-1],
    4: lambda samples: samples[::-1],
    5: lambda samples: samples.swapaxes(0, 1),
    6: lambda samples: np.rot90(samples, -1),
    7: lambda samples: samples[::-1, ::-1].swapaxes(0, 1),
    8: np.rot90,
}


def upright(samples: NDArray[Any], orientation: int) -> NDArray[Any]:
    """The picture as it was seen.

    Args:
        samples: (H, W) or (H, W, C), as stored.
        orientation: 1..8 as EXIF counts; others leave it as it is.

    Returns:
        The same samples, a view; (W, H [, C]) for 5 to 8.
    """
    turn = _TURNS.get(orientation)
    return samples if turn is None else turn(samples)


def swaps_axes(orientation: int) -> bool:
    """Whether turning upright makes width of height."""
    return orientation in {5, 6, 7, 8}


def orientation_of(path: Path) -> int:
    """What a PNG or TIFF states; 1, as stored, where it states nothing or cannot be read."""
    try:
        with path.open("rb") as file:
            if file.read(len(_PNG)) == _PNG:
                exif = Image.Exif()
                exif.load(_png_exif(file))
                return int(exif.get(ORIENTATION, 1))
        with open_picture(path) as image:
            return int(image.getexif().get(ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, TypeError, struct.error):
        return 1


def _png_exif(file: BinaryIO) -> bytes:
    """The eXIf chunk, which may also lie behind the samples; nothing is decoded to find it.

    Args:
        file: at the first chunk.
    """
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"eXIf":
            return file.read(length)
        file.seek(length + 4, 1)  # and its checksum
    return b""
