"""Turns requests and settings into open outputs, backgrounds and guides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from streammat.errors import OutputError
from streammat.matting.limits import check_levels, check_roi
from streammat.media.deliveries import Delivery
from streammat.media.formats import (
    check_choices,
    delivery_for_request,
    delivery_of,
    is_image_output,
    kind_of,
    video_encoding,
)
from streammat.media.image_place import written_names
from streammat.media.rate_control import check_rates, unused_rates
from streammat.media.sink import open_sink
from streammat.settings import MatteSettings, OutputRequest
from streammat.types import Alpha, Frame, StreamInfo

from .outputs import OutputPlan, plan_output
from .refine import Finesse, GuideAt
from .report import OutputReport
from .resolve import ResolvedOutput, metadata
from .stages import Target

__all__ = ["finesse_of", "open_target", "output_report", "plan_outputs", "resolved_output"]

Notify = Callable[[str], None]


def plan_outputs(
    requests: Sequence[OutputRequest], settings: MatteSettings, notify: Notify
) -> list[OutputPlan]:
    """What each output holds and how it is drawn.

    Raises:
        OutputError: a kind that the format cannot hold, an unknown suffix, or the same path twice.
        ConfigError: a composite over nothing.
    """
    if not requests:
        raise OutputError("no output: give at least one path to write to")
    check_choices([request.path for request in requests], settings)
    seen: dict[Path, str] = {}
    plans, rows = [], []
    for request in requests:
        kind = kind_of(request, settings.codec)
        row = delivery_for_request(request.path, kind, settings)
        _refuse_twin(request.path, row, seen)
        if row is not None:
            check_rates(request.path, row, settings)
            rows.append(row)
        plans.append(
            plan_output(
                request.path,
                kind,
                settings,
                premultiplied_by_format=row is not None and row.premultiplied,
                bare=request.kind is None,
                notify=notify,
            )
        )
    _say_unused(plans, rows, settings, notify)
    return plans


def _refuse_twin(path: str, row: Delivery | None, seen: dict[Path, str]) -> None:
    names = {Path(path)} if row is None else written_names(path, row.name)
    if twin := next((seen[name] for name in names if name in seen), None):
        same = "given twice" if Path(twin) == Path(path) else f"writes the same files as {twin}"
        raise OutputError(f"{path}: {same}; every output needs a name of its own")
    seen |= dict.fromkeys(names, path)


def _say_unused(
    plans: Sequence[OutputPlan], rows: Sequence[Delivery], settings: MatteSettings, notify: Notify
) -> None:
    """A line for each setting that no output follows."""
    if settings.background not in {None, "none"} and not any(plan.background for plan in plans):
        notify(
            f"--background {settings.background} is not used: no output is a composite; "
            f"ask for composite={plans[0].path}"
        )
    if settings.start_number is not None and not any(is_image_output(p.path) for p in plans):
        notify(f"--start-number {settings.start_number} is not used: no output is a sequence")
    if unused := unused_rates(rows, settings):
        formats = ", ".join(dict.fromkeys(row.title for row in rows)) or "a pipe"
        notify(f"{', '.join(unused)}: not used; {formats} has no such setting")
    elif settings.crf is not None and settings.bitrate is not None:
        notify(f"--crf {settings.crf} is not used: --bitrate {settings.bitrate} decides")


def open_target(
    plan: OutputPlan,
    info: StreamInfo,
    settings: MatteSettings,
    stack: ExitStack,
    notify: Notify,
) -> Target:
    """Open one output under its temporary name, and the background that lies behind it.

    Raises:
        InputError: the output or the background cannot be.
    """
    request = OutputRequest(plan.path, plan.kind)
    told = metadata(settings, plan.alpha_mode)
    sink = open_sink(request, plan.kind, info, settings, notify=notify, metadata=told)
    if not plan.needs_source:
        return Target(plan, sink)
    from streammat.media.background import open_background

    try:
        background = open_background(
            plan.background, sink.width, sink.height, sink.layout, sink.colour,
            rate=info.rate, notify=notify,
        )  # fmt: skip
    except BaseException:
        sink.abort(partial=False)
        raise
    stack.callback(background.close)
    return Target(plan, sink, background)


def finesse_of(
    settings: MatteSettings, info: StreamInfo, stack: ExitStack, notify: Notify
) -> Finesse | None:
    """What is done to the matte after smoothing; None when nothing is.

    Raises:
        MediaError: a garbage or holdout matte that cannot be read.
        ConfigError: a region outside of the picture; black clipped at or above white.
    """
    check_levels(settings)
    check_roi(settings, info.height, info.width)
    touch = Finesse(
        despeckle_px=settings.despeckle_px,
        grow_px=settings.grow_px,
        shrink_px=settings.shrink_px,
        feather_px=settings.feather_px,
        clip_black=settings.clip_black,
        clip_white=settings.clip_white,
        garbage=_guide(settings.garbage, info, stack, notify),
        holdout=_guide(settings.holdout, info, stack, notify),
        roi=None if settings.roi == "auto" else settings.roi,
    )
    return None if touch == Finesse() else touch


def _guide(path: str | None, info: StreamInfo, stack: ExitStack, notify: Notify) -> GuideAt | None:
    if path is None:
        return None
    from streammat.media.guide import open_guide

    guide = open_guide(
        path, info.width, info.height, rate=info.rate, numbers=info.numbers, notify=notify
    )
    stack.callback(guide.close)

    def at(frame: Frame) -> Alpha:
        return guide.alpha_at(frame.pts * frame.time_base - info.begin_seconds)

    return at


def resolved_output(plan: OutputPlan, info: StreamInfo, settings: MatteSettings) -> ResolvedOutput:
    """One output for ``--dry-run``.

    Raises:
        OutputError, ConfigError: a format or codec option that cannot be.
    """
    if is_image_output(plan.path):
        row = delivery_of(plan.path, plan.kind, info, settings)
        container, codec, pixel_format = "image2", row.name, ""
    else:
        encoding = video_encoding(plan.path, plan.kind, info, settings)
        container, codec, pixel_format = encoding.muxer, encoding.codec, encoding.pixel_format
    return ResolvedOutput(
        path=plan.path,
        kind=plan.kind.value,
        container=container,
        codec=codec,
        pixel_format=pixel_format,
        alpha_mode=plan.alpha_mode,
        foreground=plan.foreground,
        background=plan.background,
        audio="" if is_image_output(plan.path) or not info.audio_tracks else settings.audio,
    )


def output_report(target: Target, path: str) -> OutputReport:
    """One output for the job's report; ``path`` is where it lies in the end."""
    plan = target.plan
    return OutputReport(
        path=path,
        kind=plan.kind.value,
        format=target.sink.describe(),
        alpha_mode=plan.alpha_mode,
        background=plan.background,
        foreground=plan.foreground,
    )
