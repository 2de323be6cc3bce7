"""``streammat demo [CLIP]``: one pass over a short clip, two videos and a contact sheet."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from streammat.cli.interrupt import interruptible
from streammat.cli.jobs import make_folder, run_job, say_device
from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json
from streammat.cli.paths import Job
from streammat.cli.progress import open_display
from streammat.config import resolve
from streammat.demo import sample_clip
from streammat.settings import OutputKind, OutputRequest

__all__ = ["demo"]

_LOOK = """\
look at
  {png}  frame, alpha and composite at five moments
  {mp4}  the subject over its own background, blurred; plays anywhere
  {mov}  ProRes 4444 with alpha and sound; put it on a track of your editor
then: streammat matte YOUR.mp4 -o out.mov"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("clip", required=False)
@click.option("--out-dir", default="out", metavar="FOLDER", help="[default: out]")
@json_option
@debug_option
def demo(clip: str | None, out_dir: str, as_json: bool) -> int:
    """See it work: matte a short clip (or CLIP) and leave demo.mov, demo.mp4 and demo.png.

    Files of these names in the folder are replaced.
    """
    source = clip or str(sample_clip())
    make_folder(out_dir)
    folder = Path(out_dir)
    mov, mp4, png = folder / "demo.mov", folder / "demo.mp4", folder / "demo.png"
    job = Job(
        source,
        (
            OutputRequest(str(mov), OutputKind.RGBA),
            OutputRequest(str(mp4), OutputKind.COMPOSITE),
        ),
    )
    report, code = _run(job, png, mov, clip is None)
    if as_json:
        print_json("demo", {"exit_code": code, "sheet": png, "report": report})
    elif code in {0, 3}:
        click.echo(_LOOK.format(png=png, mp4=mp4, mov=mov))
    return code


def _run(job: Job, png: Path, mov: Path, shipped: bool) -> tuple[dict[str, Any], int]:
    resolved = resolve()
    settings = replace(resolved.settings(), background="blur", overwrite=True)
    with ExitStack() as stack:
        display = stack.enter_context(open_display(resolved.values["progress"]))
        cancel = stack.enter_context(interruptible(display.note))
        say_device(settings, display)
        what = "the sample clip" if shipped else job.source
        display.note(f"matting {what} into ProRes 4444 with alpha and H.264 over a blur, one pass")
        report = run_job(job, settings, display, cancel)
        if not report.cancelled:
            _sheet(job.source, mov, png, display.note)
        display.last_line(report.last_line())
    return report.to_json(), report.exit_code


def _sheet(source: str, mov: Path, png: Path, note: Any) -> None:
    from streammat.demo.sheet import write_sheet

    note("drawing the contact sheet")
    write_sheet(png, source, str(mov))
