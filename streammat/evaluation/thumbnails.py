"""Small pictures of a scored example, as data that an HTML page can hold."""

from __future__ import annotations

import base64
import io
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streammat.evaluation.arrays import unit_alpha
from streammat.evaluation.files import Pixels

__all__ = ["Thumbnails", "thumbnails"]

WIDTH_PX = 320


class Thumbnails(NamedTuple):
    """``data:`` addresses of WebP pictures."""

    image: str
    alpha: str
    truth: str
    error: str


def thumbnails(pixels: Pixels, alpha: NDArray[np.uint16]) -> Thumbnails:
    """Image, alpha, true alpha and their difference (red too much, blue too little)."""
    found, true = unit_alpha(alpha), unit_alpha(pixels.alpha)
    difference = np.clip(found - true, -1, 1)
    error = np.stack(
        [np.maximum(difference, 0), np.zeros_like(true), np.maximum(-difference, 0)], 2
    )
    return Thumbnails(*(_data(part) for part in (pixels.rgb, found * 255, true * 255, error * 255)))


def _data(picture: NDArray[Any]) -> str:
    image = Image.fromarray(np.rint(picture).astype(np.uint8))
    image.thumbnail((WIDTH_PX, 4 * WIDTH_PX))
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=80)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
