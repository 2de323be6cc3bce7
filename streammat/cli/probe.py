"""``streammat probe CLIP...``: what a clip is, and how it will be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json

if TYPE_CHECKING:
    from streammat.media.probe import ProbeReport

__all__ = ["probe"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("clips", nargs=-1, required=True, metavar="CLIP...")
@json_option
@debug_option
def probe(clips: Sequence[str], as_json: bool) -> None:
    """Say what a clip is, how it will be read, and what has to be assumed."""
    from streammat.media.probe import probe as look

    reports = [look(clip) for clip in clips]
    if as_json:
        print_json("probe", {"clips": [report.as_json() for report in reports]})
        return
    for report in reports:
        _print(report)


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
    facts = [
        ("container", report.container),
        ("picture", f"{report.width}x{report.height}{turned}, pixels {report.sample_aspect}"),
        ("codec", f"{report.codec}, {report.pixel_format}, {report.bits} bits"),
        ("colour", f"{colour['matrix']}, {span} range, {colour['transfer']}, {colour['siting']}"),
        ("time", _time(report)),
        ("alpha", "yes" if report.alpha else "no"),
    ]
    facts += [
        ("sound", f"{track.codec}, {track.channels} channels, {track.sample_rate} Hz")
        for track in report.sounds
    ]
    return facts


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
