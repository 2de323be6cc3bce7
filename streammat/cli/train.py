"""``streammat train --recipe NAME --data DIR --out DIR``: a run that can be killed and goes on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json, print_table, shown

if TYPE_CHECKING:
    from streammat.training.work import Job

__all__ = ["run_options", "train"]

FOLDER = click.Path(path_type=Path)
RECIPES = (
    "gfm_lite0 and its further parts (gfm_lite0_further, _hard, _filmed, _steady, _fringed); "
    "official, official_comp, official_rssn"
)


def run_options(command: Any) -> Any:
    """Options of every training run."""
    options = (
        click.option("--seed", type=click.IntRange(0), help="Instead of the recipe's."),
        click.option(
            "--precision",
            type=click.Choice(["auto", "fp32", "bf16", "fp16"]),
            help="Of the network's arithmetic, instead of the recipe's.",
        ),
        click.option("--device", default="auto", show_default=True, metavar="auto|cpu|cuda"),
        click.option(
            "--threads",
            type=click.IntRange(1),
            help="Each process's. [default: its share of the cores]",
        ),
        click.option(
            "--processes",
            type=click.IntRange(1),
            default=1,
            show_default=True,
            help="Share every batch; torchrun sets its own.",
        ),
        click.option("--overwrite", is_flag=True, help="Begin again where OUT holds a run."),
        click.option(
            "--progress",
            type=click.Choice(["auto", "plain", "json", "none"]),
            default="auto",
            show_default=True,
        ),
        click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing."),
        json_option,
        debug_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--recipe",
    default="gfm_lite0",
    show_default=True,
    metavar="NAME|FILE.toml",
    help=f"{RECIPES}, or your own.",
)
@click.option("--data", type=FOLDER, metavar="DIR", help="Pairs, cut-outs and backgrounds.")
@click.option("--out", type=FOLDER, required=True, metavar="DIR", help="Checkpoints and journal.")
@click.option("--cache", type=FOLDER, metavar="DIR", help="Decoded data. [default: OUT/cache]")
@click.option("--validate-images", "pictures", type=FOLDER, metavar="DIR", help="To validate on.")
@click.option("--validate-alphas", "alphas", type=FOLDER, metavar="DIR", help="Their true alphas.")
@click.option("--strict", is_flag=True, help="Refuse files that cannot be used.")
@click.option("--name", metavar="NAME", help="Of the exported model. [default: the network's]")
@click.option("--start", metavar="NAME|FILE", help="A network to start from.")
@click.option("--encoder", type=FOLDER, metavar="FILE", help="ImageNet weights of the encoder.")
@click.option("--steps", type=click.IntRange(1), help="Length, instead of the recipe's.")
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    help="Length by the clock; such a run cannot be repeated exactly.",
)
@click.option("--validate-every", type=click.IntRange(1), default=300, show_default=True)
@click.option("--save-every", type=click.IntRange(1), default=50, show_default=True)
@click.option("--log-every", type=click.IntRange(1), default=10, show_default=True)
@click.option("--export/--no-export", default=True, help="NAME.onnx at the end. [default: export]")
@click.option("--tensorboard/--no-tensorboard", default=True, show_default=True)
@run_options
def train(
    recipe: str,
    data: Path | None,
    out: Path,
    name: str | None,
    export: bool,
    overwrite: bool,
    progress: str,
    dry_run: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Train a network by a recipe; the same command goes on after a crash or Ctrl-C.

    OUT gets last.pt (everything, to go on from), best.pt and ema.pt (weights), log.jsonl,
    pictures/, tensorboard/ and in the end NAME.onnx, which --model takes. On a CPU a run that is
    measured in steps and goes on after a crash equals an unbroken one bit for bit. On several
    machines or GPUs: torchrun ... -m streammat train ... Needs streammat[train].
    """
    from streammat.cli.training_run import (
        begin_folder,
        check_model_name,
        run_to_model,
        say_end,
        say_where,
    )

    if (given["pictures"] is None) != (given["alphas"] is None):
        raise click.UsageError("--validate-images and --validate-alphas go together")
    if name is not None:
        check_model_name(name)
    job = _job(recipe, data, out, given)._replace(afresh=overwrite)
    if dry_run:
        _print_plan(job, data, as_json)
        return 0
    begin_folder(out)
    _decode(job)
    say_where(job)
    model = (name or job.recipe.model) if export else None
    ended = run_to_model(job, progress, model, {"recipe": recipe})
    if ended is None:
        return 0
    if as_json:
        print_json("train", {"outcome": ended.outcome._asdict(), "model": ended.model})
    say_end(ended, f"streammat train --recipe {recipe} --out {out} ...", overwritten=overwrite)
    return ended.code


def _job(recipe_name: str, data: Path | None, out: Path, given: dict[str, Any]) -> Job:
    from streammat.training.loop import Intervals
    from streammat.training.parallel import launched, share_of_cores
    from streammat.training.recipe import changed, check_shares, load_recipe
    from streammat.training.work import Job, choose_device

    recipe = load_recipe(recipe_name)
    recipe = changed(recipe, given["steps"], given["minutes"], given["seed"], given["precision"])
    launch = launched()
    check_shares(recipe, launch.size if launch else given["processes"])
    every = Intervals(given["log_every"], given["save_every"], given["validate_every"])
    return Job(
        recipe=recipe,
        cache=given["cache"] or out / "cache",
        out=out,
        start=given["start"],
        encoder=given["encoder"],
        every=every,
        device=choose_device(given["device"]).type,
        threads=given["threads"] or share_of_cores(given["processes"]),
        processes=given["processes"],
        tensorboard=given["tensorboard"],
        data=data,
        pictures=given["pictures"],
        alphas=given["alphas"],
        strict=given["strict"],
    )


def _decode(job: Job) -> None:
    """Decode the data once; a recipe that names data sets reads them as it goes."""
    from streammat.cli.training_run import decode_once, first_alone
    from streammat.datasets import Faults
    from streammat.errors import InputError
    from streammat.training.cache import name_again
    from streammat.training.decode import build_cache, origin_of, unlisted

    data, say = job.data, first_alone(partial(click.echo, err=True))
    if job.recipe.data:
        return
    if data is not None and not data.is_dir():
        raise InputError(f"{data}: no such folder; check --data")
    faults = Faults(say, strict=job.strict)

    def build() -> None:
        if data is None:
            raise click.UsageError(f"give --data DIR: {job.cache} holds no decoded data yet")
        say(f"decoding {data} into {job.cache}, once")
        build_cache(data, job.cache, faults)
        others = unlisted(data)
        if others:
            say(f"{data / 'pairs'}: {len(others)} not listed, first {others[0]}; left out")

    origin = origin_of(data) if data is not None else None
    decode_once(job.cache, origin, build, overwrite=job.afresh)
    name_again(job.cache, faults)
    if faults.total:
        say(faults.summary())


def _print_plan(job: Job, data: Path | None, as_json: bool) -> None:
    from streammat.training.plan import plan

    facts = plan(job, data)
    if as_json:
        print_json("train", {"dry_run": True, **facts})
    else:
        print_table(("what", "value"), [(key, shown(value)) for key, value in facts.items()])
