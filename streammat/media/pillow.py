"""Pillow's own opening of files, for pictures as large as cameras make them."""

from __future__ import annotations

import threading
from pathlib import Path

from PIL import Image

from streammat.errors import MediaError

from .picture_size import check_size

__all__ = ["open_picture"]

_LIMIT = threading.Lock()  # of Pillow's, which is one for the process and not ours to change


def open_picture(path: Path) -> Image.Image:
    """A file's first picture, its samples not yet read.

    Raises:
        MediaError: more than a gigapixel.
        OSError, SyntaxError, ValueError: of Pillow's, see there.
    """
    with _LIMIT:
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(path)
        finally:
            Image.MAX_IMAGE_PIXELS = before
    try:
        check_size(path, *image.size)
    except MediaError:
        image.close()
        raise
    return image
