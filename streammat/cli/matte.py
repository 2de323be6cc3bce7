"""``streammat matte INPUT... [-o [kind=]OUTPUT]...``: the main job."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.jobs import folder_for_now, make_folder, run_all
from streammat.cli.options import OUTPUT, debug_option, json_option, setting_options
from streammat.cli.output import keep_stdout, plain, print_json, print_table, shown
from streammat.cli.paths import STDOUT, Job, plan_jobs
from streammat.cli.progress import open_display
from streammat.cli.report_file import check_report, write_report
from streammat.config import PRESETS, Resolved, resolve
from streammat.settings import OutputRequest

if TYPE_CHECKING:
    from streammat.pipeline.resolve import ResolvedJob

__all__ = ["matte"]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=OUTPUT,
    metavar="[KIND=]PATH",
    help="rgba=, alpha=, foreground= or composite=; repeatable; - is stdout. Without a kind: "
    "rgba where the file can carry alpha, else composite. [default: STEM.matte.mov]",
)
@click.option("--out-dir", metavar="FOLDER", help="Where the results of several inputs go.")
@setting_options
@click.option(
    "--dry-run",
    is_flag=True,
    help="Check the job, print the resolved values and leave nothing behind.",
)
@click.option("--report", metavar="FILE", help="Write the JSON object to a file as well.")
@json_option
@debug_option
def matte(
    inputs: Sequence[str],
    outputs: Sequence[OutputRequest],
    out_dir: str | None,
    dry_run: bool,
    report: str | None,
    as_json: bool,
    **given: Any,
) -> int:
    """Matte clips, stills or image sequences.

    INPUT is a video, a picture, a folder of pictures, a pattern such as shot.%04d.png, or - for a
    pipe.
    """
    _check_stdout(outputs, as_json)
    resolved = resolve(given, suffixes=[Path(request.path).suffix for request in outputs])
    preset = resolved.values["preset"]
    suffix = PRESETS[preset].suffix if preset else ".mov"
    jobs = plan_jobs(inputs, outputs, out_dir, suffix)
    if report is not None:
        check_report(Path(report), jobs, resolved.settings())
    if dry_run:
        with folder_for_now(out_dir):
            _print_plan(jobs, resolved, as_json)
        return 0
    make_folder(out_dir)
    results, code = run_all(jobs, resolved.settings(), resolved.values["progress"])
    content = {"exit_code": code, "jobs": results}
    if report is not None:
        write_report(Path(report), content)
    if as_json:
        print_json("matte", content)
    return code


def _check_stdout(outputs: Sequence[OutputRequest], as_json: bool) -> None:
    if not any(request.path == STDOUT for request in outputs):
        return
    keep_stdout()
    if as_json:
        raise click.UsageError("-o - and --json both write to stdout; use --report FILE instead")
    if sys.stdout.isatty():
        raise click.UsageError("-o - writes raw video; send it to a program or a file")


def _print_plan(jobs: Sequence[Job], resolved: Resolved, as_json: bool) -> None:
    from streammat.pipeline.job import resolve_job

    settings = resolved.settings()
    with open_display("none") as display:
        plans = [resolve_job(j.source, j.outputs, settings, notify=display.note) for j in jobs]
    if as_json:
        print_json("matte --dry-run", {"settings": resolved.values, "jobs": plans})
        return
    for plan in plans:
        _print_job(plan)
    rows = [(name, shown(value), resolved.origins[name]) for name, value in resolved.values.items()]
    print_table(("setting", "value", "origin"), rows)


def _print_job(plan: ResolvedJob) -> None:
    """One job in words: every field but the settings, which have a table of their own."""
    facts = plain(plan)
    click.echo(f"{facts.pop('source')}:")
    outputs = facts.pop("outputs")
    facts.pop("settings", None)
    for name, value in facts.items():
        click.echo(f"  {name}: {shown(value)}")
    for output in outputs:
        said = [f"{name} {value}" for name, value in output.items() if value and name != "path"]
        click.echo(f"  output {output['path']}: {', '.join(said)}")
