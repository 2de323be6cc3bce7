"""``streammat probe CLIP...``: what a clip is, and how it will be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.options import chosen_options, debug_option, json_option
from streammat.cli.output import print_json
from streammat.config import resolve

if TYPE_CHECKING:
    from streammat.media.probe import ProbeReport
    from streammat.types import HdrMetadata, Track

__all__ = ["probe"]

_SETTINGS = ("fps", "raw_input", "input_colour")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@chosen_options(_SETTINGS)
@json_option
@debug_option
def probe(clips: Sequence[str], as_json: bool, **given: Any) -> None:
    """Say what a clip is, how it will be read, and what has to be assumed.

    A clip that cannot be read is named, the others are told.
    """
    from streammat.errors import StreammatError
    from streammat.media.probe import probe as look

    settings = resolve(given).settings()
    reports: list[ProbeReport] = []
    failures: list[tuple[str, StreammatError]] = []
    for clip in clips:
        try:
            reports.append(look(clip, settings))
        except StreammatError as error:
            failures.append((clip, error))
            continue
        if not as_json:
            _print(reports[-1])
    if as_json:
        told = {"clips": [report.as_json() for report in reports]}
        failed = [
            {"path": clip, "error": str(error), "exit_code": error.exit_code}
            for clip, error in failures
        ]
        print_json("probe", {**told, "failed": failed})
    for _, failure in failures[:-1]:
        click.echo(f"streammat: {failure}", err=True)
    if failures:
        raise failures[-1][1]


def _print(report: ProbeReport) -> None:
    click.echo(report.path)
    for name, words in _facts(report):
        click.echo(f"  {name:<12} {words}")
    for line in report.assumptions:
        click.echo(f"  {'assumed':<12} {line}")


def _facts(report: ProbeReport) -> list[tuple[str, str]]:
    colour = report.colour
    span = "full" if colour["full_range"] else "limited"
    turned = f", turned by {report.rotation_degrees} degrees" if report.rotation_degrees else ""
    bits = "floating point" if report.floating_point else f"{report.bits} bits"
    facts = [
        ("container", report.container),
        ("picture", f"{report.width}x{report.height}{turned}, pixels {report.sample_aspect}"),
        ("codec", f"{report.codec}, {report.pixel_format}, {bits}"),
        ("colour", f"{colour['matrix']}, {span} range, {colour['transfer']}, {colour['siting']}"),
    ]
    if report.view:
        facts.append(("network sees", f"{report.view} mapped to SDR"))
    if report.hdr is not None:
        facts.append(("hdr", _hdr(report.hdr)))
    facts.append(("time", _time(report)))
    if report.timecode:
        facts.append(("timecode", report.timecode))
    if report.first_number is not None and not report.still:
        facts.append(("numbers", _numbers(report)))
    return [*facts, ("alpha", "yes" if report.alpha else "no"), *_tracks(report)]


def _tracks(report: ProbeReport) -> list[tuple[str, str]]:
    facts = [
        ("sound", _words(track, f"{track.channels} channels, {track.sample_rate} Hz"))
        for track in report.sounds
    ]
    facts += [("subtitles", _words(track)) for track in report.subtitles]
    facts += [("other", f"{track.kind} {_words(track)}") for track in report.other_tracks]
    return facts + [
        ("chapter", f"{chapter['start_seconds']:.3f} s {chapter['title']}".rstrip())
        for chapter in report.chapters
    ]


def _words(track: Track, more: str = "") -> str:
    parts = (track.codec or "of unknown kind", more, track.language, track.title)
    return ", ".join(part for part in parts if part)


def _hdr(hdr: HdrMetadata) -> str:
    parts = []
    if hdr.luminance is not None:
        low, high = hdr.luminance
        parts.append(f"mastered at {low:g} to {high:g} cd/m2")
    if hdr.max_cll or hdr.max_fall:
        parts.append(f"brightest pixel {hdr.max_cll}, frame average {hdr.max_fall} cd/m2")
    return ", ".join(parts) or "stated"


def _numbers(report: ProbeReport) -> str:
    from streammat.media.sequence import spans

    gaps = f", missing {spans(report.holes)}" if report.holes else ""
    return f"from {report.first_number}{gaps}"


def _time(report: ProbeReport) -> str:
    if report.still:
        return "one picture"
    rate = "unknown rate" if report.rate is None else f"{report.rate} frames/s"
    parts = [
        "length unknown" if report.duration_seconds is None else f"{report.duration_seconds:.3f} s",
        "unknown number of frames" if report.frames is None else f"{report.frames} frames",
        f"{rate}{' (varies)' if report.variable_rate else ''}, time base {report.time_base}",
    ]
    if report.interlaced:
        parts.append("interlaced: fields are merged at frame rate")
    return ", ".join(parts)
