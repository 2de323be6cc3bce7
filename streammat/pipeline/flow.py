"""Puts the stages together, runs them, and says what they did. Knows nothing of files or models."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from streammat.matting.device_network import DeviceNetwork
from streammat.matting.protocol import FrameMatter
from streammat.types import Frame

from .chain import QUEUE_DEPTH, Chain, HostChain
from .on_device import DeviceChain
from .progress import OnProgress, Progress, SpeedGauge, eta
from .refine import Finesse
from .runner import Runner
from .stages import EncodeStage, Target, works
from .threads import LibraryCpu
from .timings import Limit, StageTimings, limit_of

__all__ = ["Flow", "Outcome", "Parts"]

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
        begin_seconds: moment of the whole source's first frame, which backgrounds begin with.
        network: of the matter, where frames are to stay on the GPU from network to picture.
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
    begin_seconds: Fraction = Fraction(0)
    network: DeviceNetwork | None = None


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
        chain: the stages between decoder and encoders.
        encoders: the last stages, one an output.
    """

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        targets = parts.targets
        self.chain: Chain = HostChain(parts) if parts.network is None else DeviceChain(parts)
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
            cuts=tuple(self.chain.cuts),
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
        decoded = runner.queue(QUEUE_DEPTH)
        runner.source("decode", works(self.parts.frames), decoded)
        # Pictures are the largest things that wait (17 MB each for ProRes at 1080p).
        depth = QUEUE_DEPTH if len(self.encoders) == 1 else 1
        pictures = [runner.queue(depth) for _ in self.encoders]
        self.chain.connect(runner, decoded, pictures)
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
