"""What each stage costs when it runs alone, for the efficiency of the whole.

The pipeline can at best be as fast as its slowest serial stage and as the cores divided by the sum
of all stages' CPU time. ``measure`` drives the very stages of a job by hand, one after the other
over the same frames, and ``bound`` says how fast they could be together.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice

from streammat.media.sink import Picture
from streammat.settings import MatteSettings, OutputRequest
from streammat.types import Frame

from .chain import HostChain
from .job import Job
from .stages import works
from .work import Work

__all__ = ["StageCost", "bound", "measure"]


@dataclass(slots=True)
class StageCost:
    """One stage alone.

    Attributes:
        name: as in a job's report.
        serial: it handles one frame at a time (infer: as many as the engine has requests).
        frames: measured.
        wall_seconds, cpu_seconds: over all of them; CPU of the whole process, library threads
            included.
    """

    name: str
    serial: bool
    frames: int = 0
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0

    @contextmanager
    def timed(self, frames: int = 1) -> Iterator[None]:
        """Book what happens inside as the work on ``frames`` frames."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall_seconds += time.perf_counter() - wall
        self.cpu_seconds += time.process_time() - cpu
        self.frames += frames


def bound(costs: Sequence[StageCost], cores: int) -> float:
    """Frames per second that no overlap can exceed.

    Args:
        costs: of ``measure``.
        cores: that the job may use.
    """
    serial = max(cost.wall_seconds / cost.frames for cost in costs if cost.serial and cost.frames)
    cpu = sum(cost.cpu_seconds / cost.frames for cost in costs if cost.frames)
    return min(1 / serial, cores / cpu)


def measure(
    source: str,
    outputs: Sequence[OutputRequest],
    settings: MatteSettings,
    frames: int,
    *,
    warm_up: int = 5,
) -> list[StageCost]:
    """Run every stage of the job alone over the clip's first frames; the outputs are written.

    Frames and pictures are kept in memory, all of them: this is for benchmarks.

    Args:
        source, outputs, settings: as of ``matte_file``.
        frames: at most this many.
        warm_up: frames that go through the stages before, so that nothing compiles in the timing.
    """
    with Job(source, outputs, settings) as job:
        job.wait_for_kernels()  # their loading is not the decoder's time
        decode = StageCost("decode", serial=True)
        with decode.timed(0):
            recorded = [work.frame for work in islice(works(job.reader), frames)]
        decode.frames = len(recorded)
        stages = job.flow.chain.stages
        for frame in recorded[:warm_up]:
            _through(job, Work(frame), {})
        costs = {
            stage.name: StageCost(stage.name, serial=stage is not stages[-1]) for stage in stages
        }
        pictures = [_through(job, Work(frame), costs) for frame in recorded]
        if isinstance(job.flow.chain, HostChain):
            costs["infer"] = _infer_alone(job, recorded)
        encoders = _encode_alone(job, recorded, pictures)
        job.finished()
    return [decode, *costs.values(), *encoders]


def _through(job: Job, work: Work, costs: Mapping[str, StageCost]) -> list[Picture | None]:
    """Drive one frame through the stages up to the pictures, each step timed on its own."""
    chain, unseen = job.flow.chain, StageCost("", serial=False)
    if not isinstance(chain, HostChain):
        for stage in chain.stages:
            with costs.get(stage.name, unseen).timed():
                stage.process(work)
        return work.pictures
    with costs.get("prepare", unseen).timed():
        work.slot = chain.slots.take()
        job.matter.prepare(work.frame, work.slot)
    job.matter.submit(work.slot)
    job.matter.wait(work.slot)
    with costs.get("refine", unseen).timed():
        chain.refine.process(work)
    if chain.background is not None:
        with costs.get("background", unseen).timed():
            chain.background.process(work)
    with costs.get("finish", unseen).timed():
        chain.finish.process(work)
    return work.pictures


def _infer_alone(job: Job, frames: Sequence[Frame]) -> StageCost:
    """As many frames under way as the engine has requests, on inputs that are already there."""
    cost, under_way = StageCost("infer", serial=True), deque[int]()
    slots = job.matter.slots[: job.matter.requests]
    for slot in slots:
        job.matter.prepare(frames[0], slot)
    with cost.timed(len(frames)):
        for number in range(len(frames)):
            if len(under_way) == len(slots):
                job.matter.wait(under_way.popleft())
            slot = slots[number % len(slots)]
            job.matter.submit(slot)
            under_way.append(slot)
        while under_way:
            job.matter.wait(under_way.popleft())
    return cost


def _encode_alone(
    job: Job, frames: Sequence[Frame], pictures: Sequence[list[Picture | None]]
) -> list[StageCost]:
    """Every output from its first picture to its final name."""
    costs = []
    for index, (target, encoder) in enumerate(zip(job.targets, job.flow.encoders, strict=True)):
        cost = StageCost(encoder.name, serial=True)
        with cost.timed(len(frames)):
            for frame, drawn in zip(frames, pictures, strict=True):
                picture, drawn[index] = drawn[index], None
                assert picture is not None
                target.sink.write(picture, frame)
            target.sink.close()
        costs.append(cost)
    return costs
