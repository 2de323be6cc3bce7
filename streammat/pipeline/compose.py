"""Draws one frame and its alpha into the encoder's picture, whatever the output holds.

The common case, a composite in the source's own layout, never leaves YUV: one pass over the planes
straight into the encoder's memory. Colours in RGB exist only where an output needs them, once a
frame however many outputs there are, in buffers that belong to the worker's ``Bench``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.media.sink import Sink
from streammat.settings import OutputKind, Screen
from streammat.types import Alpha, Frame
from streammat_kernels import colour
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import empty_planes, plane_shapes, sample_dtype

from .outputs import OutputPlan, blur_strength
from .seams import Planes
from .work import Background

__all__ = ["Bench", "draw"]

RGB = NDArray[np.uint16]

ALPHA_LAYOUT = PixelLayout(Family.GRAY, 1, 1, bits=16)


class Colours(NamedTuple):
    """Which foreground colours an output needs.

    Attributes:
        estimated: freed of the old background; else the source's.
        despill: 0..1, how much of the screen's cast is taken off.
        screen: its colour.
        linear_light: how estimated ones will be blended: composites and premultiplied files are
            made in linear light, straight files are blended by programs that take the codes as
            they are.
    """

    estimated: bool
    despill: float
    screen: Screen
    linear_light: bool


class Bench:
    """One worker's buffers and the colours of the frame that it works on.

    Args:
        height, width: of the frames; the buffers are made when first used and then kept.
        make: gives a contiguous array of a shape and dtype where the frames lie; None: host memory.
    """

    def __init__(
        self,
        height: int,
        width: int,
        *,
        make: Callable[[tuple[int, ...], Any], Any] | None = None,
    ) -> None:
        self._size = height, width
        self._make = make
        self._rgb: dict[str, RGB] = {}
        self._planes: dict[tuple[str, PixelLayout], Planes] = {}
        self._foreground_workspace: Any = None
        self._blur_workspace: Any = None
        self._known: dict[Colours, RGB] = {}

    def begin(self) -> None:
        """A new frame: nothing is known about its colours."""
        self._known.clear()

    def colours(self, frame: Frame, alpha: Alpha, wanted: Colours) -> RGB:
        """Foreground colours (3, H, W) uint16; found once a frame."""
        if wanted not in self._known:
            self._known[wanted] = self._find(frame, alpha, wanted)
        return self._known[wanted]

    def rgb(self, name: str) -> RGB:
        """A (3, H, W) uint16 buffer of that name."""
        if name not in self._rgb:
            self._rgb[name] = (self._make or np.empty)((3, *self._size), np.uint16)
        return self._rgb[name]

    def planes(self, name: str, layout: PixelLayout) -> Planes:
        """Planes of that name and layout."""
        key = name, layout
        if key not in self._planes:
            self._planes[key] = self._new_planes(layout)
        return self._planes[key]

    def _new_planes(self, layout: PixelLayout) -> Planes:
        if self._make is None:
            return empty_planes(layout, *self._size)
        dtype, shapes = sample_dtype(layout), plane_shapes(layout, *self._size)
        return tuple(self._make(shape, dtype) for shape in shapes)

    def blurred(
        self, planes: Planes, layout: PixelLayout, its: Colour, alpha: Alpha, strength: float
    ) -> Planes:
        """The picture blurred behind the subject, in its own layout."""
        from streammat_kernels import blur

        if self._blur_workspace is None:
            self._blur_workspace = blur.Workspace(*self._size)
        out = self.planes("blurred", layout)
        blur.blur_background(
            planes, layout, its, alpha, out, strength=strength, workspace=self._blur_workspace
        )
        return out

    def _find(self, frame: Frame, alpha: Alpha, wanted: Colours) -> RGB:
        if wanted.despill > 0:
            from streammat_kernels import despill

            clean = self.colours(frame, alpha, wanted._replace(despill=0.0))
            out = self.rgb(f"despilled {wanted.estimated} {wanted.linear_light}")
            return despill.despill(clean, alpha, out, screen=wanted.screen, amount=wanted.despill)
        if not wanted.estimated:
            source = self.rgb("source")
            colour.to_rgb(frame.planes, frame.layout, frame.colour, source)
            return source
        from streammat_kernels import foreground

        if self._foreground_workspace is None:
            self._foreground_workspace = foreground.Workspace(*self._size)
        return foreground.estimate_foreground(
            frame.planes,
            frame.layout,
            frame.colour,
            alpha,
            self.rgb(f"estimated {wanted.linear_light}"),
            linear_light=wanted.linear_light,
            workspace=self._foreground_workspace,
        )


def draw(
    plan: OutputPlan,
    sink: Sink,
    out: Planes,
    frame: Frame,
    alpha: Alpha,
    background: Background | None,
    bench: Bench,
) -> None:
    """Draw the frame for one output into ``out``.

    Args:
        plan: what to draw.
        sink: its layout and colour are those of ``out`` and of ``background``.
        out: the encoder's planes.
        frame: the plate, without an alpha plane.
        alpha: (H, W) uint16.
        background: planes for a composite over a colour or a file.
        bench: the worker's buffers; ``begin`` has been called for this frame.
    """
    if plan.kind is OutputKind.ALPHA:
        _draw_alpha(sink, out, alpha)
    elif plan.kind is OutputKind.COMPOSITE:
        _draw_composite(plan, sink, out, frame, alpha, background, bench)
    else:
        _draw_colours(plan, sink, out, frame, alpha, bench)


def _draw_alpha(sink: Sink, out: Planes, alpha: Alpha) -> None:
    layout, planes = _without_alpha(sink.layout, out)
    whole = replace(
        sink.colour, full_range=True
    )  # 65535 = 1; the file's range is the sink's affair
    colour.convert((alpha,), ALPHA_LAYOUT, whole, layout, sink.colour, planes)


def _draw_colours(
    plan: OutputPlan, sink: Sink, out: Planes, frame: Frame, alpha: Alpha, bench: Bench
) -> None:
    wanted = alpha if plan.kind is OutputKind.RGBA else None
    layout, planes = (sink.layout, out) if wanted is not None else _without_alpha(sink.layout, out)
    multiplied = plan.premultiplied and not plan.in_light
    if not plan.estimated and not multiplied and plan.despill == 0:
        colour.convert(
            frame.planes, frame.layout, frame.colour, layout, sink.colour, planes, alpha=wanted
        )
        return
    rgb = bench.colours(frame, alpha, _colours(plan, plan.premultiplied))
    if multiplied:
        from streammat_kernels import composite

        rgb = composite.premultiply(
            rgb, alpha, bench.rgb("premultiplied"), transfer=frame.colour.transfer
        )
    colour.from_rgb(rgb, layout, sink.colour, planes, alpha=wanted)


def _draw_composite(
    plan: OutputPlan,
    sink: Sink,
    out: Planes,
    frame: Frame,
    alpha: Alpha,
    background: Background | None,
    bench: Bench,
) -> None:
    from streammat_kernels import composite

    layout, planes = _without_alpha(sink.layout, out)
    plate = frame.planes
    if layout != frame.layout or sink.colour != frame.colour:
        plate = bench.planes("plate", layout)
        colour.convert(frame.planes, frame.layout, frame.colour, layout, sink.colour, plate)
    strength = blur_strength(plan.background)
    if strength is not None:
        background = bench.blurred(plate, layout, sink.colour, alpha, strength)
    assert background is not None, "a composite has a background"
    rgb = None
    if plan.estimated or plan.despill > 0:
        rgb = bench.colours(frame, alpha, _colours(plan, linear_light=True))
    composite.over(plate, layout, sink.colour, alpha, background, planes, foreground=rgb)


def _colours(plan: OutputPlan, linear_light: bool) -> Colours:
    return Colours(plan.estimated, plan.despill, plan.screen, linear_light and plan.estimated)


def _without_alpha(layout: PixelLayout, planes: Planes) -> tuple[PixelLayout, Planes]:
    """The colour planes of an output that is opaque; its alpha plane, if any, is filled here."""
    if not layout.alpha:
        return layout, planes
    colour.make_opaque(planes, layout)
    return replace(layout, alpha=False), planes[:-1]
