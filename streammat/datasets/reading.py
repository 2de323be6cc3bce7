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

__all__ = ["Layers", "read_alpha", "read_layers", "read_rgb"]

Rgb = NDArray[np.uint8]  # (H, W, 3)
Grey = NDArray[np.uint8]  # (H, W)
_WIDE = {"I", "I;16", "I;16L", "I;16B"}


class Layers(NamedTuple):
    """A sample in memory; foreground and background are None where none are published."""

    picture: Rgb
    alpha: Grey
    foreground: Rgb | None
    background: Rgb | None


def read_rgb(path: Path) -> Rgb:
    """Any picture as R'G'B', grey and palettes too; an alpha channel is ignored.

    Raises:
        MediaError: the file cannot be read.
    """
    with _opened(path) as image:
        if image.mode in _WIDE:
            grey = (np.asarray(image).astype(np.uint32) >> 8).astype(np.uint8)
            return np.repeat(grey[..., None], 3, axis=2)
        return np.array(image.convert("RGB"))


def read_alpha(path: Path) -> Grey:
    """The alpha of a file: its alpha channel where that varies, else its grey.

    Raises:
        MediaError: the file cannot be read.
    """
    with _opened(path) as image:
        if image.mode in _WIDE:
            codes = np.asarray(image).astype(np.uint32)
            return ((codes * 255 + 32767) // 65535).astype(np.uint8)
        if image.mode in {"LA", "RGBA"}:
            alpha = np.array(image.getchannel("A"))
            if alpha.min() < 255:
                return alpha
        return np.array(image.convert("L"))


def read_layers(sample: Sample) -> Layers:
    """All files of a sample.

    Raises:
        MediaError: a file that cannot be read, or layers of other sizes; its name comes first.
    """
    alpha = read_alpha(sample.alpha)
    layers: list[Rgb | None] = []
    for path in (sample.picture, sample.foreground, sample.background):
        layer = read_rgb(path) if path is not None else None
        if layer is not None and layer.shape[:2] != alpha.shape:
            raise MediaError(
                f"{path}: {layer.shape[1]}x{layer.shape[0]} pixels, "
                f"but its alpha is {alpha.shape[1]}x{alpha.shape[0]}"
            )
        layers.append(layer)
    assert layers[0] is not None
    return Layers(layers[0], alpha, layers[1], layers[2])


def _opened(path: Path) -> Image.Image:
    from PIL import Image

    try:
        image = Image.open(path)
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise MediaError(f"{path}: not a readable picture ({error})") from error
    return image
