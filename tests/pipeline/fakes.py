"""A reader, sinks and frames that need no files, for tests of the pipeline alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from streammat.matting import FixedMatter
from streammat.media.sink import Picture
from streammat.pipeline.flow import Flow, Parts
from streammat.pipeline.outputs import OutputPlan
from streammat.pipeline.refine import Finesse
from streammat.pipeline.stages import Target
from streammat.settings import OutputKind
from streammat.types import Alpha, Frame, Plane
from streammat_kernels.layout import Colour, Family, PixelLayout
from streammat_kernels.planes import empty_planes

HEIGHT, WIDTH = 18, 32
YUV = PixelLayout()
YUVA = PixelLayout(Family.PLANAR, 1, 1, bits=10, alpha=True)
GRAY16 = PixelLayout(Family.GRAY, 1, 1, bits=16)
RGBA8 = PixelLayout(Family.RGB, 1, 1, alpha=True)
TIME_BASE = Fraction(1, 90_000)
STEP = 3003


class FakeError(Exception):
    """What the tests throw."""


def picture(index: int, layout: PixelLayout = YUV) -> tuple[Plane, ...]:
    """Planes of noise that differ from frame to frame, all codes legal."""
    dice = np.random.default_rng(index)
    top = (1 << layout.bits) - 1
    planes = empty_planes(layout, HEIGHT, WIDTH)
    for plane in planes:
        plane[...] = dice.integers(top // 8, top - top // 8, plane.shape)
    return planes


def frame(index: int, layout: PixelLayout = YUV, reset: bool | None = None) -> Frame:
    """Frame ``index`` of the fake clip."""
    return Frame(
        planes=picture(index, layout),
        layout=layout,
        colour=Colour(),
        pts=1000 + index * STEP,
        time_base=TIME_BASE,
        index=index,
        reset=index == 0 if reset is None else reset,
    )


def frames(count: int, failing: int | None = None, layout: PixelLayout = YUV) -> Iterator[Frame]:
    """A clip; raises before frame ``failing``."""
    for index in range(count):
        if index == failing:
            raise FakeError(f"decode {index}")
        yield frame(index, layout)


def ramp(frame: Frame) -> Alpha:
    """An alpha from 0 at the left to 1 at the right, with the frame's number in a corner."""
    row = np.linspace(0, 65535, frame.width).round().astype(np.uint16)
    alpha = np.repeat(row[None], frame.height, axis=0)
    alpha[0, 0] = frame.index
    return alpha


@dataclass
class FakeSink:
    """Remembers what was written."""

    layout: PixelLayout = YUV
    colour: Colour = field(default_factory=Colour)
    wants: OutputKind = OutputKind.COMPOSITE
    path: str = "fake"
    width: int = WIDTH
    height: int = HEIGHT
    frames: int = 0
    failing: int | None = None
    gate: Callable[[int], None] | None = None
    written: list[tuple[int, int, tuple[Plane, ...]]] = field(default_factory=list)
    made: int = 0
    ended: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def new_picture(self) -> Picture:
        with self.lock:
            self.made += 1
        return Picture(empty_planes(self.layout, HEIGHT, WIDTH), None)

    def write(self, picture: Picture, frame: Frame) -> None:
        if self.gate is not None:
            self.gate(frame.index)
        if frame.index == self.failing:
            raise FakeError(f"encode {frame.index}")
        self.frames += 1
        self.written.append((frame.index, frame.pts, picture.planes))

    def close(self) -> None:
        self.ended = "closed"

    def abort(self, *, partial: bool) -> str | None:
        self.ended = "partial" if partial else "removed"
        return "fake.partial" if partial else None

    def describe(self) -> str:
        return "fake"

    @property
    def indexes(self) -> list[int]:
        return [index for index, _, _ in self.written]


class FlatBackground:
    """A background of one code value, which remembers the times that it was asked for."""

    def __init__(self, layout: PixelLayout = YUV, value: int = 60) -> None:
        self.times: list[float] = []
        self._planes = empty_planes(layout, HEIGHT, WIDTH)
        for plane in self._planes:
            plane[...] = value

    def planes_at(self, seconds: float | Fraction) -> tuple[Plane, ...]:
        self.times.append(float(seconds))
        return self._planes


def alpha_target(**sink: object) -> Target:
    """An alpha file: the output that needs the fewest kernels."""
    fake = FakeSink(layout=GRAY16, colour=Colour(full_range=True), wants=OutputKind.ALPHA, **sink)  # type: ignore[arg-type]
    return Target(OutputPlan("alpha.png", OutputKind.ALPHA), fake)


def sink_of(target: Target) -> FakeSink:
    """The target's fake sink."""
    assert isinstance(target.sink, FakeSink)
    return target.sink


def flow(
    clip: Iterator[Frame],
    targets: list[Target],
    *,
    matter: FixedMatter | None = None,
    cores: int = 2,
    strength: float = 0.0,
    touch: Finesse | None = None,
    total: int | None = None,
) -> Flow:
    """A flow over fakes."""
    return Flow(
        Parts(
            frames=clip,
            height=HEIGHT,
            width=WIDTH,
            matter=matter or FixedMatter(ramp),
            targets=targets,
            cores=cores,
            strength=strength,
            touch=touch,
            total=total,
        )
    )
