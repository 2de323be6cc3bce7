"""After a rehearsal the job itself finds every kernel compiled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, cast

import numpy as np
import pytest

from streammat.matting import GfmMatter, StillMatter
from streammat.matting.frame_view import frame_view
from streammat.media.input_colour.primaries import PRIMARIES
from streammat.media.input_colour.views import view_of
from streammat.pipeline.compose import Bench, draw
from streammat.pipeline.outputs import OutputPlan
from streammat.pipeline.rehearsal import parts_of
from streammat.settings import OutputKind
from streammat.types import ColourTags, Frame, StreamInfo
from streammat_kernels.closed_form import closed_form
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import guided_upsample
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import empty_planes
from streammat_kernels.resize import network_view
from streammat_kernels.temporal import smooth
from tests.matting.still_networks import RedNetwork

HEIGHT, WIDTH, ROWS, COLUMNS = 70, 94, 18, 24
YUV, DEEP = PixelLayout(), PixelLayout(bits=10)
NV12 = PixelLayout(Family.SEMIPLANAR)
PRORES = PixelLayout(Family.PLANAR, 1, 1, bits=12, alpha=True)
RGBA = PixelLayout(Family.RGB, 1, 1, alpha=True)


@dataclass
class _Sink:
    layout: PixelLayout
    colour: Colour = field(default_factory=Colour)


@dataclass
class _Target:
    plan: OutputPlan
    sink: _Sink


@dataclass(frozen=True)
class _Card:
    variant: str = "tt"


def _info(layout: PixelLayout) -> StreamInfo:
    return StreamInfo(
        "in.mp4", WIDTH, HEIGHT, 0, Fraction(1), None, Fraction(1, 25), None, None, layout,
        Colour(), ColourTags(), "h264", "yuv420p",
    )  # fmt: skip


@contextmanager
def _compilations() -> Iterator[list[str]]:
    from numba.core import event as numba_events

    found: list[str] = []
    events: Any = numba_events

    class Listener(numba_events.Listener):
        def on_start(self, event: Any) -> None:
            found.append(event.data["dispatcher"].py_func.__name__)

        def on_end(self, event: Any) -> None:
            del event

    listener = Listener()
    events.register("numba:compile", listener)
    try:
        yield found
    finally:
        events.unregister("numba:compile", listener)


def _frame(layout: PixelLayout) -> Frame:
    planes = empty_planes(layout, HEIGHT, WIDTH)
    for seed, plane in enumerate(planes):
        plane[...] = np.random.default_rng(seed).integers(16, 1 << layout.bits, plane.shape)
    return Frame(planes, layout, Colour(), 0, Fraction(1, 25), 0)


def _soft_alpha() -> np.ndarray[Any, Any]:
    return np.random.default_rng(9).integers(0, 65536, (HEIGHT, WIDTH)).astype(np.uint16)


@pytest.mark.parametrize("layout", [YUV, DEEP, NV12], ids=["8 bit", "10 bit", "semi-planar"])
def test_a_frame_reaches_its_alpha_without_compiling(layout: PixelLayout) -> None:
    matter = GfmMatter.__new__(GfmMatter)
    matter.card, matter.redrawn = cast(Any, _Card()), True
    for part in parts_of(_info(layout), matter, [], 0.75)[:-1]:
        part.perform()
    frame, small = _frame(layout), np.zeros((ROWS, COLUMNS), np.float32)
    with _compilations() as found:
        view = np.empty((3, ROWS, COLUMNS), np.float32)
        network_view(frame.planes, layout, frame.colour, view, content=(ROWS, COLUMNS))
        fuse(np.zeros((3, ROWS, COLUMNS), np.float32), small.copy(), "tt", small)
        small[...] = 0.5
        closed_form(small, view, small, content=(ROWS, COLUMNS))
        alpha = guided_upsample(small, frame.planes, layout, content=(ROWS, COLUMNS))
        smooth(alpha, frame.planes, layout, None)
    assert found == []


@pytest.mark.parametrize("strategy", ["single", "multi-scale"])
def test_a_photo_reaches_its_alpha_without_compiling(strategy: str) -> None:
    network = RedNetwork()
    matter = StillMatter(network, "red", strategy, "32x32")
    info = _info(replace(RGBA, alpha=False))
    parts_of(info, matter, [], 0.0)[0].perform()
    out = np.empty((HEIGHT, WIDTH), np.uint16)
    with _compilations() as found:
        matter.prepare(_frame(info.layout), 0)
        matter.wait(0)
        matter.alpha(_frame(info.layout), 0, out)
    assert found == []
    passes = 4 if strategy == "multi-scale" else 1  # so small a size has no farther one
    assert len(network.sizes) == passes


@pytest.mark.parametrize("scene", [False, True], ids=["HDR video", "EXR"])
def test_a_plate_with_a_view_is_shown_without_compiling(scene: bool) -> None:
    matter = GfmMatter.__new__(GfmMatter)
    matter.card, matter.redrawn = cast(Any, _Card()), True
    info = replace(_info(DEEP), scene=scene, input_colour="linear" if scene else "pq")
    parts_of(info, matter, [], 0.0)[0].perform()
    view = view_of(info.input_colour, full_range=False, primaries=PRIMARIES["bt2020"])
    light = np.random.default_rng(0).uniform(0, 4, (HEIGHT, WIDTH)).astype(np.float16)
    frame = replace(_frame(DEEP), view=view, scene=(light,) * 3 if scene else None)
    with _compilations() as found:
        frame_view(frame, np.empty((3, ROWS, COLUMNS), np.float32), content=(ROWS, COLUMNS))
    assert found == []


@pytest.mark.parametrize(
    ("plan", "layout"),
    [
        (OutputPlan("a.mp4", OutputKind.COMPOSITE, background="#102030"), YUV),
        (OutputPlan("a.mp4", OutputKind.COMPOSITE, background="blur"), YUV),
        (OutputPlan("a.mp4", OutputKind.COMPOSITE, background="b.jpg", estimated=True), DEEP),
        (OutputPlan("a.mov", OutputKind.RGBA, estimated=True), PRORES),
        (OutputPlan("a.mov", OutputKind.RGBA, premultiplied=True, despill=0.5), PRORES),
        (OutputPlan("a.png", OutputKind.FOREGROUND, estimated=True), RGBA),
        (OutputPlan("a.mov", OutputKind.ALPHA), PRORES),
    ],
    ids=lambda value: value.kind.value if isinstance(value, OutputPlan) else "",
)
def test_an_output_is_drawn_without_compiling(plan: OutputPlan, layout: PixelLayout) -> None:
    target = _Target(plan, _Sink(layout))
    (part,) = parts_of(_info(YUV), object(), cast(Any, [target]), 0.0)
    part.perform()
    out, frame, bench = empty_planes(layout, HEIGHT, WIDTH), _frame(YUV), Bench(HEIGHT, WIDTH)
    background = None
    if plan.needs_source:
        background = _frame(replace(layout, alpha=False)).planes
    with _compilations() as found:
        draw(plan, cast(Any, target.sink), out, frame, _soft_alpha(), background, bench)
    assert found == []


def test_jobs_that_call_the_same_kernels_have_the_same_parts() -> None:
    def parts(name: str, background: str) -> object:
        plan = OutputPlan(name, OutputKind.COMPOSITE, background=background)
        return parts_of(_info(YUV), object(), cast(Any, [_Target(plan, _Sink(YUV))]), 0.75)

    assert parts("a.mp4", "#00B140") == parts("b.mp4", "beach.jpg")
    assert parts("a.mp4", "#00B140") != parts("a.mp4", "blur")
