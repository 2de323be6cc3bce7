"""``streammat finetune --frames DIR --alphas DIR``: a few painted frames in, a model out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.output import print_json, print_table, shown
from streammat.cli.train import FOLDER, run_options
from streammat.settings import MatteSettings

if TYPE_CHECKING:
    from streammat.training.work import Job

__all__ = ["finetune"]

_DEFAULT_MODEL = MatteSettings().model
_NO_BETTER = "that is no better than before: paint more frames, or keep the old model"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--frames", type=FOLDER, required=True, metavar="DIR", help="Frames of the film.")
@click.option("--alphas", type=FOLDER, required=True, metavar="DIR", help="Their painted alphas.")
@click.option("--model", default=_DEFAULT_MODEL, show_default=True, metavar="NAME|FILE")
@click.option("--out", type=FOLDER, default="finetuned", show_default=True, metavar="DIR")
@click.option("--name", metavar="NAME", help="Make the result usable by this name everywhere.")
@click.option("--recipe", default="finetune", show_default=True, metavar="NAME|FILE.toml")
@click.option("--steps", type=click.IntRange(1), help="Length, instead of the recipe's.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Length by the clock.")
@click.option("--strict", is_flag=True, help="Refuse files that cannot be used.")
@run_options
def finetune(
    frames: Path,
    alphas: Path,
    model: str,
    out: Path,
    name: str | None,
    recipe: str,
    overwrite: bool,
    progress: str,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Fit a network to a film: a few painted frames in, a model in minutes.

    Frames and alphas belong together by name (shot_0100.png in both folders). The encoder and all
    batch norm statistics stand still, so that the network keeps what it knows of other pictures.
    Every fifth frame is not learned but used to tell whether it helped. OUT/NAME.onnx is what
    --model takes. Needs streammat[train].
    """
    from streammat.cli.training_run import (
        begin_folder,
        check_model_name,
        run_to_model,
        say_end,
        say_where,
    )
    from streammat.training.deliver import register
    from streammat.training.finetune import starting_error
    from streammat.training.folder import end_replacing, may_replace

    if name is not None:
        from streammat.models.importing import free_folder

        check_model_name(name)
        free_folder(name, overwrite=overwrite or may_replace(out, name))
    job = _job(recipe, model, out, given)
    job = job._replace(afresh=overwrite, replaces=name or "" if overwrite else "")
    if dry_run:
        return _print_plan(job, frames, alphas, as_json)
    begin_folder(out)
    _cache_frames(job, frames, alphas)
    say_where(job)
    before = starting_error(job)
    click.echo(f"validation error of {model}: {before:.4f}", err=True)
    facts = {"from": model, "frames": str(frames), "error_before": before}
    ended = run_to_model(job, progress, name or "finetuned", facts)
    if ended is None:
        return 0
    if ended.model is not None and name is not None:
        register(ended.model, name, overwrite=may_replace(out, name))
        end_replacing(out)
    if as_json:
        outcome = ended.outcome._asdict()
        print_json("finetune", {"outcome": outcome, "error_before": before, "model": ended.model})
    say_end(ended, f"streammat finetune --out {out} ...", overwritten=overwrite)
    error = ended.outcome.error
    if not ended.code and error is not None and error >= before:
        click.echo(_NO_BETTER, err=True)
    return ended.code


def _job(recipe_name: str, model: str, out: Path, given: dict[str, Any]) -> Job:
    from streammat.training.finetune import fitted_recipe
    from streammat.training.loop import Intervals
    from streammat.training.parallel import share_of_cores
    from streammat.training.recipe import changed, load_recipe
    from streammat.training.work import Job, choose_device

    recipe = fitted_recipe(load_recipe(recipe_name), model)
    recipe = changed(recipe, given["steps"], given["minutes"], given["seed"], given["precision"])
    return Job(
        recipe=recipe,
        cache=out / "cache",
        out=out,
        start=model,
        every=Intervals(log=10, save=40, validate=40),
        device=choose_device(given["device"]).type,
        threads=given["threads"] or share_of_cores(given["processes"]),
        processes=given["processes"],
        strict=given["strict"],
    )


def _cache_frames(job: Job, frames: Path, alphas: Path) -> None:
    from functools import partial

    from streammat.cli.training_run import decode_once, first_alone
    from streammat.datasets import Faults
    from streammat.training.cache import name_again
    from streammat.training.painted import (
        HELD_OUT_EVERY,
        cache_painted,
        find_painted,
        origin_of,
    )

    say = first_alone(partial(click.echo, err=True))
    faults = Faults(say, strict=job.strict)
    samples = find_painted(frames, alphas, faults)

    def build() -> None:
        count = cache_painted(samples, job.cache, faults)
        note = "" if count >= HELD_OUT_EVERY - 1 else "; none held out, that needs five"
        say(f"{count} painted frames to learn{note}")

    decode_once(job.cache, origin_of(samples), build, overwrite=job.afresh)
    name_again(job.cache, faults)
    if faults.total:
        say(faults.summary())


def _print_plan(job: Job, frames: Path, alphas: Path, as_json: bool) -> int:
    from streammat.datasets import Faults
    from streammat.datasets.checking import check_pixels
    from streammat.training.painted import find_painted, origin_of
    from streammat.training.plan import plan

    def say(line: str) -> None:
        click.echo(line, err=True)

    faults = Faults(say, strict=job.strict)
    painted = find_painted(frames, alphas, faults)
    if job.strict:
        check_pixels(painted, [], faults, job.threads)
    facts = plan(job, frames, origin=origin_of(painted))
    facts |= {"painted frames": len(painted)}
    if as_json:
        print_json("finetune", {"dry_run": True, **facts})
    else:
        print_table(("what", "value"), [(key, shown(value)) for key, value in facts.items()])
    return 0
