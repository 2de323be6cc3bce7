"""Every kernel of a job run once on a picture of a few pixels, so that it is compiled or loaded.

Kernels are compiled for the types they are called with, so the rehearsal calls the very functions
that the job will call, with the job's layouts and options. A ``Part`` says what to rehearse; it
travels to another process, which fills the same cache on disk (`ahead`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from streammat.matting import CloserMatter, GfmMatter, StillMatter
from streammat.matting.strategies import PassOutput
from streammat.types import Alpha, Frame, StreamInfo
from streammat_kernels.layout import Colour, PixelLayout
from streammat_kernels.lut import Lut
from streammat_kernels.planes import empty_planes

from .outputs import OutputPlan

if TYPE_CHECKING:
    from streammat.media.sink import Sink

    from .stages import Target

__all__ = ["Draw", "Drawing", "Part", "Picture", "Smooth", "Upsample", "View", "parts_of"]

HEIGHT, WIDTH = 48, 64  # of the frame: several tiles of every kernel, a millisecond to compute
ROWS, COLUMNS = 12, 16  # of the network's view


@dataclass(frozen=True, slots=True)
class _Source:
    """The plate's samples; whether it carries scene values and a view."""

    layout: PixelLayout
    colour: Colour
    scene: bool = False
    viewed: bool = False

    def frame(self) -> Frame:
        """A black frame."""
        planes = empty_planes(self.layout, HEIGHT, WIDTH)
        for plane in planes:
            plane[...] = 0
        light = np.zeros((HEIGHT, WIDTH), np.float32)
        return Frame(
            planes,
            self.layout,
            self.colour,
            0,
            Fraction(1),
            0,
            scene=(light,) * 3 if self.scene else None,
            view=Lut(np.zeros((2, 2, 2, 3), np.float32)) if self.viewed else None,
        )


@dataclass(frozen=True, slots=True)
class View:
    """The network's view of the frame."""

    source: _Source

    def perform(self) -> None:
        """Rehearse."""
        from streammat.matting.frame_view import frame_view

        out = np.empty((3, ROWS, COLUMNS), np.float32)
        frame_view(self.source.frame(), out, content=(ROWS, COLUMNS))


@dataclass(frozen=True, slots=True)
class Upsample:
    """Fusion, redrawn edges, and upsampling along those of the picture."""

    source: _Source
    variant: str
    redrawn: bool

    def perform(self) -> None:
        """Rehearse."""
        from streammat_kernels.fusion import fuse
        from streammat_kernels.guided import guided_upsample

        glance = np.zeros((3 if self.variant == "tt" else 2, ROWS, COLUMNS), np.float32)
        small, frame = np.zeros((ROWS, COLUMNS), np.float32), self.source.frame()
        fuse(glance, small.copy(), cast(Any, self.variant), small)
        if self.redrawn:
            from streammat_kernels.closed_form import closed_form

            small[...] = 0.5
            closed_form(small, np.zeros((3, ROWS, COLUMNS), np.float32), small)
        guided_upsample(small, frame.planes, frame.layout, content=(ROWS, COLUMNS))


@dataclass(frozen=True, slots=True)
class Picture:
    """A still from its samples to its alpha, by way of every kernel that a strategy calls."""

    source: _Source

    def perform(self) -> None:
        """Rehearse."""
        matter = StillMatter(_Blank(), "", "multi-scale", "32x32")
        matter.prepare(self.source.frame(), 0)
        matter.wait(0)


class _Blank:
    """A network that sees transition everywhere."""

    network = ""
    variant: Literal["tt"] = "tt"

    def __call__(self, rgb: NDArray[np.float32], /) -> PassOutput:
        size = rgb.shape[:2]
        glance = np.zeros((3, *size), np.float32)
        glance[1] = 1
        return PassOutput(glance, np.full(size, 0.5, np.float32))

    def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Smooth:
    """Temporal smoothing of a first frame."""

    source: _Source

    def perform(self) -> None:
        """Rehearse."""
        from streammat_kernels.temporal import smooth

        frame = self.source.frame()
        smooth(_ramp(), frame.planes, frame.layout, None)


@dataclass(frozen=True, slots=True)
class Drawing:
    """One output: what is drawn into which samples."""

    plan: OutputPlan
    layout: PixelLayout
    colour: Colour


@dataclass(frozen=True, slots=True)
class Draw:
    """The pictures of all outputs, which share the estimated colours."""

    source: _Source
    drawings: tuple[Drawing, ...]

    def perform(self) -> None:
        """Rehearse."""
        from .compose import Bench, draw

        frame, alpha, bench = self.source.frame(), _ramp(), Bench(HEIGHT, WIDTH)
        for drawing in self.drawings:
            out = empty_planes(drawing.layout, HEIGHT, WIDTH)
            behind = None
            if drawing.plan.needs_source:
                opaque = replace(drawing.layout, alpha=False)
                behind = empty_planes(opaque, HEIGHT, WIDTH)
            # ``draw`` asks a sink for its layout and colour only, which a ``Drawing`` has.
            draw(drawing.plan, cast("Sink", drawing), out, frame, alpha, behind, bench)


Part = View | Upsample | Picture | Smooth | Draw


def parts_of(
    info: StreamInfo, matter: object, targets: Sequence[Target], strength: float
) -> tuple[Part, ...]:
    """What a job has to rehearse, in the order in which a frame needs it.

    Args:
        info: of the source.
        matter: the matter; one of neither kind brings its own upsampling.
        targets: the outputs.
        strength: of the temporal smoothing.
    """
    source = _Source(
        replace(info.layout, alpha=False), info.colour, info.scene, info.input_colour != ""
    )
    drawings = tuple(
        Drawing(_neutral(target.plan), target.sink.layout, target.sink.colour) for target in targets
    )
    parts: list[Part] = []
    if isinstance(matter, CloserMatter):
        matter = matter.matter
    if isinstance(matter, GfmMatter):
        parts += [View(source), Upsample(source, matter.card.variant or "tt", matter.redrawn)]
    if isinstance(matter, StillMatter):
        parts.append(Picture(source))
    if strength > 0:
        parts.append(Smooth(source))
    return (*parts, Draw(source, drawings))


def _neutral(plan: OutputPlan) -> OutputPlan:
    """The plan without names and colours, so that jobs that call the same kernels are equal."""
    background = "#000000" if plan.needs_source else plan.background
    return replace(plan, path="", background=background)


def _ramp() -> Alpha:
    """(HEIGHT, WIDTH) alpha with every value between 0 and 1, and both ends as areas."""
    row = np.linspace(-32768, 98303, WIDTH).clip(0, 65535).astype(np.uint16)
    return np.repeat(row[None], HEIGHT, axis=0)
