"""Brings every image of a sequence into the size, depth and family of the first."""

from __future__ import annotations

from typing import Any

import numpy as np

from streammat.errors import MediaError
from streammat.types import FloatPlane, Plane, StreamInfo
from streammat_kernels.layout import Family, PixelLayout

from .fit import resample
from .notices import Notices
from .still_image import StillImage

__all__ = ["LikeFirst"]

Scene = tuple[FloatPlane, ...] | None


class LikeFirst:
    """See the module.

    Args:
        first: the image that sets the form.
        info: of the sequence: its layout (without alpha where that is not kept) and size.
        notices: gets a line for the first image of another size.
    """

    def __init__(self, first: StillImage, info: StreamInfo, notices: Notices) -> None:
        self._first = first
        self._info = info
        self._notices = notices

    def __call__(
        self, image: StillImage, name: str, *, strict: bool
    ) -> tuple[tuple[Plane, ...], Scene]:
        """Planes and scene values in the first image's form; the same arrays where they fit.

        Raises:
            MediaError: with ``strict``, an image of another size.
        """
        wanted, planes, layout = self._info.layout, image.planes, image.layout
        scene = image.scene if self._first.scene is not None else None
        size = self._info.width, self._info.height
        if planes[0].shape != size[::-1]:
            self._say_resized(planes[0].shape, name, strict)
            planes = tuple(resample(plane, *size) for plane in planes)
            scene = None if scene is None else tuple(_resampled(plane, *size) for plane in scene)
        if self._first.scene is not None and scene is None:
            scene = _as_scene(planes, layout)
        colours = planes[:-1] if layout.alpha else planes
        colours = tuple(_at_depth(plane, layout.bits, wanted.bits) for plane in colours)
        if layout.family is not wanted.family:
            colours = _as_family(colours, 1 if wanted.family is Family.GRAY else 3)
        if not wanted.alpha:
            return colours, scene
        if layout.alpha:
            return (*colours, _at_depth(planes[-1], layout.bits, wanted.bits)), scene
        return (*colours, np.full_like(colours[0], (1 << wanted.bits) - 1)), scene

    def _say_resized(self, shape: tuple[int, ...], name: str, strict: bool) -> None:
        info = self._info
        found = f"{name}: {shape[1]}x{shape[0]}, but the first image is {info.width}x{info.height}"
        if strict:
            raise MediaError(f"{found}; leave --strict away to scale it, or matte the parts apart")
        self._notices.once(
            "size", f"{found}; scaled to it (--frames takes a part, --strict refuses)"
        )


def _at_depth(plane: Plane, bits: int, wanted: int) -> Plane:
    """Scaled, so that white stays white."""
    if bits == wanted:
        return plane
    scale = ((1 << wanted) - 1) / ((1 << bits) - 1)
    scaled: Any = np.rint(plane * scale).astype(np.uint8 if wanted == 8 else np.uint16)
    planes: Plane = scaled
    return planes


def _as_family(colours: tuple[Plane, ...], channels: int) -> tuple[Plane, ...]:
    if channels == 3:
        return colours * 3
    red, green, blue = (c.astype(np.float32) for c in colours)
    luma = np.rint(0.2126 * red + 0.7152 * green + 0.0722 * blue)  # BT.709
    return (luma.astype(colours[0].dtype),)


def _as_scene(planes: tuple[Plane, ...], layout: PixelLayout) -> Scene:
    """An integer image among float ones: its sRGB code values as light."""
    from streammat_kernels.colour.reference import linearise
    from streammat_kernels.layout import Transfer

    top = float((1 << layout.bits) - 1)
    colours = planes[:-1] if layout.alpha else planes
    light = tuple(linearise(plane / top, Transfer.SRGB).astype(np.float32) for plane in colours)
    return light if len(light) == 3 else light * 3


def _resampled(plane: FloatPlane, width: int, height: int) -> FloatPlane:
    from PIL import Image

    image = Image.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))
