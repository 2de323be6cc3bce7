"""A stream that changes its picture size or format half-way keeps that of its first frame."""

from __future__ import annotations

import av

from streammat_kernels.layout import Colour

from .colour_tags import sws_arguments
from .layouts import to_direct


class Uniform:
    """Brings every picture into the form of the first.

    Args:
        first: the first decoded picture.
        colour: of the stream, so that conversions never guess.
    """

    def __init__(self, first: av.VideoFrame, colour: Colour) -> None:
        self._colour = colour
        self._source_form = _form(first)
        self._width, self._height = first.width, first.height
        self._format = to_direct(first, colour).format.name
        self._previous = self._source_form

    def __call__(self, picture: av.VideoFrame) -> tuple[av.VideoFrame, bool]:
        """The picture in the first one's size and in a format that can be read in place.

        Returns:
            The picture, and True when its size differs from the picture before it.
        """
        form = _form(picture)
        resized = form[:2] != self._previous[:2]
        self._previous = form
        if form == self._source_form:
            return to_direct(picture, self._colour), resized
        scaled = picture.reformat(
            width=self._width,
            height=self._height,
            format=self._format,
            interpolation="BICUBIC",
            **sws_arguments(self._colour),
        )
        return scaled, resized


def _form(picture: av.VideoFrame) -> tuple[int, int, str]:
    return picture.width, picture.height, picture.format.name
