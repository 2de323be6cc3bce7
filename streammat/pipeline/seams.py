"""What the pipeline asks of the files that it reads and writes.

Protocols, so that tests can bring their own and that neither side imports the other.
"""

from __future__ import annotations

from typing import Protocol

from streammat.settings import OutputKind
from streammat.types import Frame, Plane
from streammat_kernels.layout import Colour, PixelLayout

__all__ = ["Picture", "Planes", "Sink"]

Planes = tuple[Plane, ...]


class Picture(Protocol):
    """An encoder's picture: writable planes in the sink's layout, rows possibly padded."""

    @property
    def planes(self) -> Planes:
        """Luma or R first, alpha last, as ``Sink.layout`` says."""


class Sink(Protocol):
    """One output file."""

    @property
    def layout(self) -> PixelLayout:
        """Of the pictures."""

    @property
    def colour(self) -> Colour:
        """Of the pictures."""

    @property
    def kind(self) -> OutputKind:
        """What the file holds."""

    def new_picture(self) -> Picture:
        """A picture to draw into; may be called from any thread."""

    def write(self, picture: Picture, frame: Frame) -> None:
        """Encode the picture at the frame's time; takes the picture over."""

    def close(self) -> None:
        """Flush, finish the file and give it its name."""

    def abort(self, partial: bool) -> None:
        """Leave a playable ``NAME.partial.EXT``, or nothing."""
