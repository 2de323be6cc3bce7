"""Pictures for an encoder: planes that kernels draw into, and the frame that is encoded."""

from __future__ import annotations

from typing import Any

import av
import numpy as np

from streammat.settings import OutputKind
from streammat.types import Plane
from streammat_kernels.layout import Family

from .encodings import Encoding
from .interleave import interleave
from .layouts import plane_view, views
from .sink import Picture

__all__ = ["Carriers"]


class Carriers:
    """Makes pictures and turns filled ones into frames of the encoder's format and size.

    Planar formats are drawn straight into the frame. Packed formats, and a matte in a format of
    three colour planes, are drawn into planes of their own.

    Args:
        encoding: pixel format and layout.
        kind: what the pictures hold.
        width, height: of the drawn planes.
        coded_width, coded_height: of the frame, at least that; the last column and row repeat.
    """

    def __init__(
        self,
        encoding: Encoding,
        kind: OutputKind,
        width: int,
        height: int,
        coded_width: int,
        coded_height: int,
    ) -> None:
        self._encoding = encoding
        self._matte = kind is OutputKind.ALPHA
        self._size = height, width
        self._coded = coded_height, coded_width
        thrice = self._matte and encoding.pixel_format.startswith("gbr")
        self._own_planes = bool(encoding.packed) or thrice

    def new_picture(self) -> Picture:
        """A fresh picture; its content is undefined."""
        layout = self._encoding.layout
        if self._own_planes:
            count = (1 if layout.family is Family.GRAY else 3) + layout.alpha
            return Picture(tuple(self._plane() for _ in range(count)), None)
        carrier = self._frame()
        if self._matte:
            planes: tuple[Plane, ...] = (
                plane_view(carrier.planes[0], layout.bits, self._coded[1]),
            )
        else:
            planes, _ = views(carrier, keep_alpha=True)
        return Picture(tuple(self._visible(plane) for plane in planes), carrier)

    def frame_of(self, picture: Picture) -> av.VideoFrame:
        """The frame to encode of a filled picture."""
        carrier: av.VideoFrame | None = picture.carrier
        if carrier is None:
            carrier = self._frame()
            if self._encoding.packed:
                self._interleave(picture, carrier)
                return carrier
            for plane in views(carrier, keep_alpha=True)[0]:
                plane[: self._size[0], : self._size[1]] = picture.planes[0]
        self._pad(carrier)
        return carrier

    def _frame(self) -> av.VideoFrame:
        height, width = self._coded
        return av.VideoFrame(width, height, self._encoding.pixel_format)

    def _plane(self) -> Plane:
        if self._encoding.layout.bits == 8:
            return np.empty(self._size, np.uint8)
        return np.empty(self._size, np.uint16)

    def _interleave(self, picture: Picture, carrier: av.VideoFrame) -> None:
        planes = picture.planes
        if self._coded != self._size:
            margins = [(0, c - s) for c, s in zip(self._coded, self._size, strict=True)]
            padded: Any = [np.pad(plane, margins, mode="edge") for plane in planes]
            planes = tuple(padded)
        interleave(planes, self._encoding.packed, carrier)

    def _visible(self, plane: Plane) -> Plane:
        """Without the columns and rows that only the encoder needs."""
        height, width = self._size
        return plane[:height, :width] if plane.shape == self._coded else plane

    def _pad(self, carrier: av.VideoFrame) -> None:
        """Repeat the last row and column of full-size planes; neutral chroma for a matte."""
        planes, layout = views(carrier, keep_alpha=True)
        if self._matte and layout.family is Family.PLANAR:
            for chroma in planes[1:]:
                chroma.fill(1 << (layout.bits - 1))
        height, width = self._size
        if self._coded == self._size:
            return
        for plane in planes:
            if plane.shape == self._coded:
                plane[height:] = plane[height - 1]
                plane[:, width:] = plane[:, width - 1 : width]
