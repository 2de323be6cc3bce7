"""The stages of a frame's way, each a small object that can also be driven by hand.

decode (the reader) -> prepare -> infer -> refine -> background -> finish -> encode, one per output.
A benchmark calls ``process`` on recorded frames to time a stage alone; see ``alone.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from time import perf_counter
from typing import Any, Protocol

from numpy.typing import NDArray

from streammat.matting.protocol import FrameMatter
from streammat.media.sink import Sink
from streammat.types import Alpha, Frame

from .compose import Bench, draw
from .outputs import OutputPlan
from .queue import Pool
from .work import Work, opaque

__all__ = [
    "BackgroundStage",
    "EncodeStage",
    "FinishStage",
    "InferStage",
    "PrepareStage",
    "Target",
    "works",
]


class BackgroundAt(Protocol):
    """Gives the background's planes at a time; called in order."""

    def planes_at(self, seconds: float | Fraction) -> Sequence[NDArray[Any]]:
        """In the layout and colour of the output that it belongs to."""


class Target:
    """One output: how it is drawn, where it goes, what lies behind.

    Args:
        plan: what to draw.
        sink: where to.
        background: for a composite over a colour or a file.
    """

    def __init__(
        self, plan: OutputPlan, sink: Sink, background: BackgroundAt | None = None
    ) -> None:
        self.plan = plan
        self.sink = sink
        self.background = background


def works(frames: Iterable[Frame]) -> Iterator[Work]:
    """Frames of the reader as work for the stages; this is the decode stage."""
    for frame in frames:
        yield Work(opaque(frame))


class PrepareStage:
    """Makes the network's view of the frame and starts the network.

    Args:
        matter: finds the alpha.
        slots: its free slots; waiting for one is what keeps the number of frames bounded.
    """

    name = "prepare"

    def __init__(self, matter: FrameMatter, slots: Pool[int]) -> None:
        self._matter = matter
        self._slots = slots

    def process(self, work: Work) -> Work:
        """Take a slot, fill it, submit it."""
        work.slot = self._slots.take()
        self._matter.prepare(work.frame, work.slot)
        self._matter.submit(work.slot)
        return work


class InferStage:
    """Waits for the network; the work itself is done by the engine's own threads."""

    name = "infer"

    def __init__(self, matter: FrameMatter) -> None:
        self._matter = matter

    def process(self, work: Work) -> Work:
        """Return when the slot's answer is there."""
        self._matter.wait(work.slot)
        return work


class BackgroundStage:
    """Fetches the backgrounds in order, so that a video background is decoded once, forwards.

    Args:
        targets: the outputs.
        begin: moment of the whole source's first frame: a part has the whole's backgrounds.
    """

    name = "background"

    def __init__(self, targets: Sequence[Target], begin: Fraction = Fraction(0)) -> None:
        self._targets, self._begin = targets, begin

    def process(self, work: Work) -> Work:
        """Fill in ``work.backgrounds``; time 0 is the whole source's first frame."""
        seconds = work.frame.pts * work.frame.time_base - self._begin
        work.backgrounds = [
            target.background.planes_at(seconds) if target.background else None
            for target in self._targets
        ]
        return work


class FinishStage:
    """Colours, background and composite into the pictures of every output; workers in parallel.

    Args:
        targets: the outputs.
        alphas: where the alpha buffers go back to.
        benches: as many as there are workers.
    """

    name = "finish"

    def __init__(
        self, targets: Sequence[Target], alphas: Pool[Alpha], benches: Pool[Bench]
    ) -> None:
        self._targets = targets
        self._alphas = alphas
        self._benches = benches

    def process(self, work: Work) -> Work:
        """Fill in ``work.pictures`` and give the alpha back."""
        assert work.alpha is not None, "refine comes before finish"
        bench = self._benches.take()
        bench.begin()
        backgrounds = work.backgrounds or [None] * len(self._targets)
        for target, background in zip(self._targets, backgrounds, strict=True):
            picture = target.sink.new_picture()
            draw(
                target.plan, target.sink, picture.planes, work.frame, work.alpha, background, bench
            )
            work.pictures.append(picture)
        self._benches.give(bench)
        self._alphas.give(work.alpha)
        work.alpha, work.backgrounds = None, []
        return work


class EncodeStage:
    """Hands the pictures of one output to its encoder.

    Args:
        sink: the output.
        index: its place among the outputs.
        name: encode, or encode and the suffix where there are several.

    Attributes:
        frames: how many it has got so far.
        first: ``time.perf_counter()`` when the first one came, 0 before.
    """

    def __init__(self, sink: Sink, index: int, name: str = "encode") -> None:
        self.name = name
        self.frames = 0
        self.first = 0.0
        self._sink = sink
        self._index = index

    def process(self, work: Work) -> None:
        """Encode; the picture is the sink's from now on."""
        self.first = self.first or perf_counter()
        picture = work.pictures[self._index]
        assert picture is not None, "a picture is encoded once"
        work.pictures[self._index] = None
        self._sink.write(picture, work.frame)
        self.frames += 1
