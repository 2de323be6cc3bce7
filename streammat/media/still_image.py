"""What one image file holds, whatever its format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.types import Chromaticities, ColourTags, FloatPlane, Plane
from streammat_kernels.layout import Family, PixelLayout

__all__ = ["SRGB_TAGS", "StillImage", "split"]

SRGB_TAGS = ColourTags(primaries=1, transfer=13, matrix=1, full_range=True)


@dataclass(frozen=True, slots=True, eq=False)
class StillImage:
    """One decoded image, upright.

    Attributes:
        planes: R, G, B [, A] or gray [, A], uint8 or native uint16; of a float image its values
            within 0..1, sRGB-encoded.
        layout: of the planes.
        name: of the stored format, for reports.
        tags: what the planes mean.
        scene: R, G, B of a float image as stored (gray: the same plane thrice).
        chromaticities: as stated in numbers.
        timecode: as text, "" without.
        rate: frames per second as stated.
        sample_aspect: width to height of a pixel.
        curve: name of ``--input-colour`` that the file says its values have, "" for sRGB.
        pictures: that the file holds; this is the first.
        left_out: names of what the file holds besides.
        assumed: what had to be assumed of it, in words, "" for nothing.
        attributes: of its header (EXR) that stay true of what is made of the picture.
    """

    planes: tuple[Plane, ...]
    layout: PixelLayout
    name: str
    tags: ColourTags = SRGB_TAGS
    scene: tuple[FloatPlane, ...] | None = None
    chromaticities: Chromaticities | None = None
    timecode: str = ""
    rate: Fraction | None = None
    sample_aspect: Fraction = Fraction(1)
    curve: str = ""
    pictures: int = 1
    left_out: tuple[str, ...] = ()
    assumed: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


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
