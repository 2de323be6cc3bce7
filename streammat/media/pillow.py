"""Pillow's own opening of files, for pictures as large as cameras make them."""

from __future__ import annotations

import threading
from pathlib import Path

from PIL import Image

from streammat.errors import MediaError

__all__ = ["MOST_PIXELS", "open_picture"]

# Phones take 200 MP, stitched panoramas more; 1 gigapixel is 3 GB of samples, and what claims to
# be larger is more likely a file made to fill the memory.
MOST_PIXELS = 1 << 30
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
    width, height = image.size
    if width * height > MOST_PIXELS:
        image.close()
        raise MediaError(
            f"{path}: {width}x{height}, more than {MOST_PIXELS / 1e6:.0f} megapixels; "
            "make it smaller"
        )
    return image
