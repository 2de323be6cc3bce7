"""One matting job from files to files: opens everything, runs the flow, ends cleanly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NoReturn

from streammat.closing import Closes
from streammat.device import Device, choose_device
from streammat.errors import DISK_FULL, ResourceError
from streammat.matting import (
    CloserMatter,
    KeptMatter,
    frame_matter,
    seen_size,
    size_note,
    with_strategy,
)
from streammat.matting.device_network import DeviceNetwork, RunsOnDevice
from streammat.matting.smoothing import smoothing_strength
from streammat.media.reader import Reader, open_source
from streammat.settings import MatteSettings, OutputRequest

from .ahead import CompileAhead
from .flow import Flow, Outcome, Parts, encode_names, with_closing
from .losses import lost_line
from .memory import share_one_heap
from .opening import (
    finesse_of,
    open_target,
    output_report,
    plan_outputs,
    resolved_output,
)
from .progress import OnProgress, Progress
from .region import check_region, closer_note, cut_note, look_closer
from .rehearsal import parts_of
from .report import JobReport
from .resolve import ResolvedJob, resolved
from .runner import Runner
from .stages import Target
from .threads import thread_named
from .timings import limit_of

__all__ = ["Job", "matte_file", "resolve_job"]

SLOW_SECONDS = 1.0

Notify = Callable[[str], None]


def matte_file(
    source: str,
    outputs: Sequence[OutputRequest],
    settings: MatteSettings,
    *,
    on_progress: OnProgress | None = None,
    notify: Notify | None = None,
    cancel: threading.Event | None = None,
    kept: KeptMatter | None = None,
) -> JobReport:
    """Matte one clip into one or more files.

    Setting ``cancel``, or the first Ctrl-C, stops decoding, finishes what is under way and leaves
    playable ``NAME.partial.EXT``; a second Ctrl-C raises KeyboardInterrupt at once. Whatever fails,
    every thread has ended and nothing incomplete lies under a final name when this returns.

    Args:
        source: a video, an image, a folder or pattern of images.
        outputs: one or more.
        settings: of the job.
        on_progress: called about ten times a second in the calling thread.
        notify: gets a line for everything that was assumed, or that takes longer than a second.
        cancel: ends the job early.
        kept: holds the network open for the next job of the same settings.

    Returns:
        The report; ``exit_code`` is 3 when frames were lost and 130 when cancelled.

    Raises:
        InputError: a source or an output that cannot be.
        DeviceUnavailable, EngineError: no way to compute.
        ResourceError: disk or memory ran out.
    """
    with Job(source, outputs, settings, notify=notify, kept=kept, cancel=cancel) as job:
        return job.run(on_progress, cancel)


def resolve_job(
    source: str,
    outputs: Sequence[OutputRequest],
    settings: MatteSettings,
    *,
    notify: Notify | None = None,
) -> ResolvedJob:
    """Everything that `matte_file` would decide or refuse before its first frame.

    Outputs are opened under their temporary names and removed again; nothing is left of them.

    Raises:
        InputError: as `matte_file`.
        DeviceUnavailable: the asked-for device is not there.
        ResourceError: the disk is full.
    """
    say = notify or _silent
    device = choose_device(settings.device, settings.threads)
    check_region(source, settings)
    with ExitStack() as stack:
        info = stack.enter_context(_open_reader(source, settings, device, say)).info
        settings = with_strategy(settings, info)
        plans = plan_outputs(outputs, settings, say)
        for plan in plans:
            target = open_target(plan, info, settings, stack, say)
            stack.callback(target.sink.abort, partial=False)
        finesse_of(settings, info, stack, say)
        described = [resolved_output(plan, info, settings) for plan in plans]
        return resolved(info, described, settings, device)


class Job(Closes):
    """A job with everything open: reader, model, outputs. A context manager; run it once.

    Args:
        source, outputs, settings, notify, kept, cancel: as `matte_file`.

    Attributes:
        flow: the stages, which a benchmark may drive by hand instead of calling ``run``.
        reader, targets, matter, device, info: what was opened.
    """

    def __init__(
        self,
        source: str,
        outputs: Sequence[OutputRequest],
        settings: MatteSettings,
        *,
        notify: Notify | None = None,
        kept: KeptMatter | None = None,
        cancel: threading.Event | None = None,
    ) -> None:
        self._kept = kept
        self._cancel = cancel
        self._begun = time.perf_counter()
        self._cpu_begun = time.process_time()
        self._notify = notify or _silent
        share_one_heap()
        self._source = source
        self._settings = settings
        self._stack = ExitStack()
        self.targets: list[Target] = []
        self._ended = False
        try:
            self._open(outputs)
        except BaseException as error:
            self._abort(partial=False)
            self._stack.close()
            _raise(error)

    def close(self) -> None:
        """Free everything; outputs that were not finished are removed."""
        self._abort(partial=False)
        self._stack.close()

    def run(
        self, on_progress: OnProgress | None = None, cancel: threading.Event | None = None
    ) -> JobReport:
        """Run to the end; see `matte_file`."""
        told = False

        def tick(progress: Progress) -> None:
            nonlocal told
            late = time.perf_counter() - self._ready > SLOW_SECONDS
            if late and not progress.frame and not told:
                told = True
                self._notify("first frame: under way, the next ones are faster")
            if on_progress is not None:
                on_progress(progress)

        try:
            self.wait_for_kernels(cancel)
            self._ready = time.perf_counter()
            outcome = self.flow.run(tick, cancel, self._begun)
            return self._finish(outcome)
        except BaseException as error:
            if self._kept is not None:
                self._kept.drop()
            quitting = isinstance(error, KeyboardInterrupt)
            self._abort(partial=self.flow.frames > 0 and not quitting)
            _raise(error)

    def wait_for_kernels(self, cancel: threading.Event | None = None) -> None:
        """Return when the job's kernels are compiled and loaded; ``run`` begins with it."""
        self._ahead.wait(self._notify, cancel)

    def _open(self, outputs: Sequence[OutputRequest]) -> None:
        settings, stack = self._settings, self._stack
        self.device = choose_device(settings.device, settings.threads)
        check_region(self._source, settings)
        reader = _open_reader(self._source, settings, self.device, self._notify)
        self.reader = stack.enter_context(reader)
        info = self.info = self.reader.info
        settings = self._settings = with_strategy(settings, info)
        seen_height, seen_width = seen_size(settings.roi, info.height, info.width)
        if note := size_note(seen_width, seen_height, settings.size):
            self._notify(note)
        plans = plan_outputs(outputs, settings, self._notify)
        names = encode_names([plan.path for plan in plans])
        for plan, name in zip(plans, names, strict=True):
            with thread_named(name):
                self.targets.append(open_target(plan, info, settings, stack, self._notify))
        touch = finesse_of(settings, info, stack, self._notify)
        strength = smoothing_strength(settings.smooth, still=info.still)
        opened = self._kept.open if self._kept else frame_matter
        self.matter = opened(settings, self.device, say=self._notify)
        if self._kept is None:
            stack.callback(self.matter.close)
        if settings.roi == "auto":
            self._look_closer(settings)
        network = self._network_on_device()
        parts = () if network else parts_of(info, self.matter, self.targets, strength)
        self._ahead = stack.enter_context(CompileAhead(parts, self.device.threads))
        self._warm_up()
        self.flow = Flow(
            Parts(
                frames=self.reader,
                height=info.height,
                width=info.width,
                matter=self.matter,
                targets=self.targets,
                cores=self.device.threads,
                strength=strength,
                touch=touch,
                total=info.frames,
                encode_names=names,
                begin_seconds=info.begin_seconds,
                network=network,
            )
        )
        self._ready = time.perf_counter()

    def _look_closer(self, settings: MatteSettings) -> None:
        """Before anything else, as the network's size follows from it."""

        def again() -> Reader:
            return _open_reader(self._source, settings, self.device, _silent)

        assert isinstance(self.matter, CloserMatter)
        look_closer(self.matter, self._source, again, self._notify, self._cancel)

    def _network_on_device(self) -> DeviceNetwork | None:
        """The network for frames that stay on the GPU; without one they take the CPU's way."""
        if self.device.kind != "cuda" or not isinstance(self.matter, RunsOnDevice):
            return None
        self._warm_up()
        network = self.matter.device_network()
        if network is None:
            self._notify(
                f"{self.matter.describe()}: the GPU runs the network only, the CPU the rest"
            )
        return network

    def _warm_up(self) -> None:
        line = "loading the network; the first time it is compiled, and kept"
        with _slow(self._notify, line), thread_named("infer"):
            self.matter.warm_up(self.info.height, self.info.width)

    def _finish(self, outcome: Outcome) -> JobReport:
        closings: dict[str, tuple[float, float]] = {}
        paths: dict[str, str] = {}

        def closing() -> Iterator[None]:
            for target, encoder in zip(self.targets, self.flow.encoders, strict=True):
                wall, cpu = time.perf_counter(), time.process_time()
                if outcome.cancelled:
                    kept = target.sink.abort(partial=outcome.frames > 0)
                else:
                    target.sink.close()
                    kept = target.plan.path
                if kept is not None:
                    paths[encoder.name] = kept
                closings[encoder.name] = time.perf_counter() - wall, time.process_time() - cpu
            yield

        runner = Runner()  # on a thread, so that a Ctrl-C does not break the files that are whole
        runner.source("encode", closing())
        runner.interrupted = outcome.cancelled  # the user has pressed once: the next one quits
        runner.run()
        self._ended = True
        self._tell_of_region()
        if line := lost_line(self._source, self.reader):
            self._notify(line)
        seconds = time.perf_counter() - self._begun
        stages = with_closing(outcome.stages, closings)
        return JobReport(
            source=self._source,
            outputs=tuple(
                output_report(target, paths[encoder.name])
                for target, encoder in zip(self.targets, self.flow.encoders, strict=True)
                if encoder.name in paths
            ),
            frames=outcome.frames,
            lost_frames=self.reader.lost_frames,
            seconds=seconds,
            startup_seconds=outcome.startup_seconds,
            cpu_seconds=time.process_time() - self._cpu_begun,
            device=self.device.kind,
            model=self.matter.describe(),
            width=self.info.width,
            height=self.info.height,
            cores=self.device.threads,
            stages=stages,
            limit=limit_of(stages, seconds - outcome.startup_seconds, self.device.threads),
            cuts=outcome.cuts,
            cancelled=outcome.cancelled,
            lost_places=self.reader.lost_places,
        )

    def _tell_of_region(self) -> None:
        if self._settings.roi == "auto":
            told = cut_note(self.matter)
        else:
            told = closer_note(self.flow.chain.extent, self.info, self._settings)
        if told:
            self._notify(f"{self._source}: {told}")

    def finished(self) -> None:
        """The outputs were closed by the caller, who drove the flow by hand."""
        self._ended = True

    def _abort(self, partial: bool) -> None:
        if self._ended:
            return
        self._ended = True
        for target in self.targets:
            target.sink.abort(partial=partial)


def _open_reader(source: str, settings: MatteSettings, device: Device, notify: Notify) -> Reader:
    with thread_named("decode"):
        return open_source(source, settings, device.threads, notify)


@contextmanager
def _slow(notify: Notify, line: str) -> Iterator[None]:
    """Say ``line`` when what is inside takes more than a second."""
    timer = threading.Timer(SLOW_SECONDS, notify, (line,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _raise(error: BaseException) -> NoReturn:
    """Raise what the user can act on: a full disk or memory is no fault of the program."""
    if isinstance(error, MemoryError):
        raise ResourceError(
            "memory ran out: use a smaller --size, fewer outputs or --threads 1"
        ) from error
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        raise ResourceError(
            f"the disk is full: {error.strerror}; free space or write elsewhere"
        ) from error
    raise error


def _silent(line: str) -> None:
    del line
