"""Puts the stages together, runs them, and says what they did. Knows nothing of files or models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from streammat.matting.protocol import FrameMatter
from streammat.settings import OutputKind
from streammat.types import Alpha, Frame

from .compose import Bench
from .progress import OnProgress, Progress, SpeedGauge, eta
from .queue import Pool
from .refine import Finesse, RefineStage
from .runner import Runner
from .stages import (
    BackgroundStage,
    EncodeStage,
    FinishStage,
    InferStage,
    PrepareStage,
    Target,
    works,
)
from .threads import LibraryCpu
from .timings import Limit, StageTimings, limit_of

__all__ = ["Flow", "Outcome", "Parts"]

QUEUE_DEPTH = 2  # one item being taken over, one ready: more only costs memory
MAX_FINISH_WORKERS = 4
SAMPLE_SECONDS = 1.0

Notify = Callable[[str], None]


@dataclass(slots=True)
class Parts:
    """What a run is made of.

    Attributes:
        frames: the reader; its frames all have ``height`` x ``width`` pixels.
        height, width: of the frames.
        matter: finds the alpha.
        targets: the outputs, one or more.
        cores: threads that the whole run may keep busy.
        strength: of the temporal smoothing, 0..1.
        touch: finesse, None for none.
        total: frames expected, None when unknown.
        encode_names: the stages' names for the targets.
    """

    frames: Iterable[Frame]
    height: int
    width: int
    matter: FrameMatter
    targets: Sequence[Target]
    cores: int = 1
    strength: float = 0.0
    touch: Finesse | None = None
    total: int | None = None
    encode_names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did; the sinks are still open.

    Attributes:
        frames: in every output.
        stages: where the time went.
        limit: the stage that the others waited for.
        startup_seconds: from ``begun`` until the first frame reached an encoder.
        cuts: frames at which smoothing started afresh, the first one left out.
        cancelled: ended before the source did.
    """

    frames: int
    stages: tuple[StageTimings, ...]
    limit: Limit | None
    startup_seconds: float
    cuts: tuple[int, ...] = field(default=())
    cancelled: bool = False


class Flow:
    """The stages of one run, ready to be run once or to be driven by hand.

    Attributes:
        prepare, infer, refine, background, finish, encoders: the stages; background is None where
            no output needs one.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.workers = finish_workers(parts.targets, parts.cores)
        matter, targets = parts.matter, parts.targets
        self.slots: Pool[int] = Pool(matter.slots)
        self.alphas: Pool[Alpha] = Pool(_alphas(parts, self.workers + QUEUE_DEPTH + 1))
        self.benches = Pool(Bench(parts.height, parts.width) for _ in range(self.workers))
        self.prepare = PrepareStage(matter, self.slots)
        self.infer = InferStage(matter)
        self.refine = RefineStage(matter, self.slots, self.alphas, parts.strength, parts.touch)
        moving = any(target.background is not None for target in targets)
        self.background = BackgroundStage(targets) if moving else None
        self.finish = FinishStage(targets, self.alphas, self.benches)
        names = parts.encode_names or encode_names([target.plan.path for target in targets])
        self.encoders = [
            EncodeStage(target.sink, index, name)
            for index, (target, name) in enumerate(zip(targets, names, strict=True))
        ]
        self._runner = Runner()
        self._gauge = SpeedGauge()
        self._library = LibraryCpu()
        self._sampled = 0.0

    def run(
        self,
        on_progress: OnProgress | None = None,
        cancel: threading.Event | None = None,
        begun: float | None = None,
    ) -> Outcome:
        """Run to the end of the source, or until ``cancel`` is set and what is under way is done.

        Args:
            on_progress: called about ten times a second, in this thread.
            cancel: stops the source.
            begun: ``time.perf_counter()`` at the job's begin; now when None.

        Raises:
            Exception: whatever a stage raised first; all threads have ended.
        """
        begun = time.perf_counter() if begun is None else begun
        runner = self._runner
        self._connect(runner)
        start = time.perf_counter()

        def tick() -> None:
            if cancel is not None and cancel.is_set():
                runner.stop_early()
            now = time.perf_counter()
            if now - self._sampled > SAMPLE_SECONDS:
                self._sampled = now
                self._library.sample(runner.native_ids() | {threading.get_native_id()})
            if on_progress is not None:
                on_progress(self._progress(now, begun))

        if cancel is not None and cancel.is_set():
            runner.stop_early()  # before the first frame: there is nothing to finish
        runner.run(tick)
        self._library.sample(runner.native_ids() | {threading.get_native_id()})
        stages = self.timings()
        first = min((encoder.first for encoder in self.encoders if encoder.first), default=start)
        return Outcome(
            frames=self.frames,
            stages=stages,
            limit=limit_of(stages, time.perf_counter() - first, self.parts.cores),
            startup_seconds=first - begun,
            cuts=tuple(self.refine.cuts),
            cancelled=not runner.source_ended,
        )

    @property
    def frames(self) -> int:
        """Frames that every output has got."""
        return min(encoder.frames for encoder in self.encoders)

    def timings(self) -> tuple[StageTimings, ...]:
        """What each stage did, the libraries' threads included."""
        library = self._library.by_stage()
        stages = [
            stage.plus(cpu_seconds=library.pop(stage.name, 0.0)) for stage in self._runner.timings()
        ]
        # FFmpeg names its own encoding threads; which of several encoders they serve is not told.
        rest = library.pop("encode", 0.0) / len(self.encoders)
        names = {encoder.name for encoder in self.encoders}
        return tuple(
            stage.plus(cpu_seconds=rest) if stage.name in names else stage for stage in stages
        )

    def _connect(self, runner: Runner) -> None:
        runner.adopt(self.slots)
        runner.adopt(self.alphas)
        runner.adopt(self.benches)
        decoded, viewed = runner.queue(QUEUE_DEPTH), runner.queue(len(self.slots))
        inferred, mattes = runner.queue(1), runner.queue(QUEUE_DEPTH)
        runner.source("decode", works(self.parts.frames), decoded)
        runner.stage(self.prepare, decoded, viewed)
        runner.stage(self.infer, viewed, inferred)
        runner.stage(self.refine, inferred, mattes)
        if self.background is not None:
            behind = runner.queue(1)
            runner.stage(self.background, mattes, behind)
            mattes = behind
        # Pictures are the largest things that wait (17 MB each for ProRes at 1080p).
        depth = QUEUE_DEPTH if len(self.encoders) == 1 else 1
        pictures = [runner.queue(depth) for _ in self.encoders]
        runner.stage(self.finish, mattes, *pictures, workers=self.workers)
        for encoder, queue in zip(self.encoders, pictures, strict=True):
            runner.stage(encoder, queue)

    def _progress(self, now: float, begun: float) -> Progress:
        frame = self.frames
        fps = self._gauge.fps(now, frame)
        limit = limit_of(self.timings(), now - begun, self.parts.cores) if frame else None
        return Progress(
            frame=frame,
            total=self.parts.total,
            fps=fps,
            eta_seconds=eta(frame, self.parts.total, fps),
            slowest=limit.stage if limit else "",
            elapsed_seconds=now - begun,
        )


def finish_workers(targets: Sequence[Target], cores: int) -> int:
    """Threads of the finish stage: one does for a plain composite, colours in RGB want them all.

    Several outputs leave a core to their encoders: another worker would only wait for them, and
    cost its buffers and pictures (about 100 MB at 1080p).
    """
    if len(targets) == 1 and _is_plain(targets[0]):
        return 1
    wanted = cores if len(targets) == 1 else cores - 1
    return max(1, min(wanted, MAX_FINISH_WORKERS))


def _is_plain(target: Target) -> bool:
    plan = target.plan
    quick = plan.kind in {OutputKind.COMPOSITE, OutputKind.ALPHA}
    return quick and not plan.estimated and not plan.blurs and plan.despill == 0


def encode_names(paths: Sequence[str]) -> list[str]:
    """``encode`` for one output; else with the suffix, and a number where suffixes repeat."""
    if len(paths) == 1:
        return ["encode"]
    names: list[str] = []
    for path in paths:
        suffix = path.rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else "files"
        name, count = f"encode {suffix}", 1
        while name in names:
            count += 1
            name = f"encode {suffix} {count}"
        names.append(name)
    return names


def with_closing(
    stages: Sequence[StageTimings], closings: dict[str, tuple[float, float]]
) -> tuple[StageTimings, ...]:
    """Book the flushing of each encoder, (wall, CPU) seconds by stage name, on its stage."""
    return tuple(
        stage.plus(*closings[stage.name]) if stage.name in closings else replace(stage)
        for stage in stages
    )


def _alphas(parts: Parts, count: int) -> list[Alpha]:
    return [np.empty((parts.height, parts.width), np.uint16) for _ in range(count)]
