"""``streammat image INPUT... [-o OUTPUT]``: cut-outs of stills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from streammat.cli.jobs import make_folder, run_all
from streammat.cli.options import OUTPUT, chosen_options, debug_option, json_option
from streammat.cli.output import print_json
from streammat.cli.paths import Job, plain_stem, plan_jobs
from streammat.config import resolve
from streammat.errors import InputError
from streammat.settings import OutputRequest

__all__ = ["image"]

# What a single picture has no use for: time, sound, video codecs, presets of video jobs.
_SETTINGS = (
    "model",
    "device",
    "size",
    "strategy",
    "edges",
    "threads",
    "background",
    "foreground",
    "despill",
    "screen",
    "despeckle",
    "grow",
    "shrink",
    "feather",
    "clip_black",
    "clip_white",
    "garbage",
    "holdout",
    "roi",
    "input_colour",
    "to_sdr",
    "overwrite",
    "progress",
)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@click.option(
    "-o",
    "--output",
    "outputs",
    multiple=True,
    type=OUTPUT,
    metavar="[KIND=]PATH",
    help="rgba=, alpha=, foreground= or composite=; repeatable. A folder (or NAME/) "
    "takes one PNG an input. [default: STEM.matte.png]",
)
@click.option(
    "--bits",
    type=click.Choice(["auto", "8", "16"]),
    default="auto",
    show_default=True,
    help="Depth of colour PNGs; auto: as the input. An alpha file has 16 always.",
)
@chosen_options(_SETTINGS)
@json_option
@debug_option
def image(
    inputs: Sequence[str],
    outputs: Sequence[OutputRequest],
    bits: str,
    as_json: bool,
    **given: Any,
) -> int:
    """Cut the subject out of photos: PNG with alpha, edges freed of the old background.

    INPUT is a picture or a folder of pictures. EXIF rotation is applied; colour profiles and 16-bit
    samples are kept.
    """
    sources = _pictures(inputs)
    jobs, folder = _plan(sources, outputs)
    make_folder(folder)
    resolved = resolve(given, suffixes=[".png"])
    settings = replace(resolved.settings(_SETTINGS), smooth="off")
    if bits != "auto":
        settings = replace(settings, extra={**settings.extra, "png_bits": bits})
    results, code = run_all(jobs, settings, resolved.values["progress"])
    if as_json:
        print_json("image", {"exit_code": code, "jobs": results})
    return code


def _pictures(inputs: Sequence[str]) -> list[str]:
    """The inputs, folders replaced by the pictures inside.

    Raises:
        InputError: what is no picture and no folder of pictures.
    """
    from streammat.media.sequence import IMAGE_SUFFIXES, list_images

    found: list[str] = []
    for given in inputs:
        path = Path(given)
        if path.is_dir():
            found += [str(picture) for picture in list_images(given)]
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            found.append(given)
        else:
            raise InputError(f"{given}: no picture; streammat matte takes clips and sequences")
    return found


def _plan(sources: Sequence[str], outputs: Sequence[OutputRequest]) -> tuple[list[Job], str | None]:
    """A job an input, and the folder to make, if any.

    Raises:
        click.UsageError: one file for several inputs, or two results of one name.
    """
    folders = [request for request in outputs if _is_folder(request.path)]
    if not folders:
        return plan_jobs(sources, outputs, None, ".png", many="-o FOLDER/"), None
    if len(outputs) > 1:
        raise click.UsageError("a folder is the only -o that there can be")
    kind, folder = folders[0].kind, folders[0].path
    jobs = [
        Job(source, (OutputRequest(str(Path(folder) / f"{plain_stem(source)}.png"), kind),))
        for source in sources
    ]
    names = [job.outputs[0].path for job in jobs]
    twins = {name for name in names if names.count(name) > 1}
    if twins:
        raise click.UsageError(f"two results would be written to {min(twins)}; rename an input")
    return jobs, folder


def _is_folder(path: str) -> bool:
    return path.endswith(("/", "\\")) or Path(path).is_dir()
