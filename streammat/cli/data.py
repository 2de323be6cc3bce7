"""``streammat data``: what is done to data sets before training."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json

if TYPE_CHECKING:
    from streammat.datasets import Faults, Sample

__all__ = ["data"]


@click.group()
def data() -> None:
    """Prepare data sets for training."""


@data.command("clean-foregrounds", context_settings={"max_content_width": 100})
@click.option("--foregrounds", type=click.Path(), metavar="DIR", help="Pictures or cut-outs.")
@click.option("--alphas", type=click.Path(), metavar="DIR", help="Their alphas, of the same names.")
@click.option("--set", "name", metavar="NAME", help="A published data set; see `data list`.")
@click.option("--data", "folder", type=click.Path(), metavar="DIR", help="Where NAME lies.")
@click.option("-o", "--output", required=True, type=click.Path(), metavar="DIR", help="PNGs.")
@click.option(
    "--mode",
    type=click.Choice(["legacy", "converged"]),
    default="converged",
    show_default=True,
    help="converged: solved; legacy: the released script's counts, its very pixels.",
)
@click.option("--strict", is_flag=True, help="Stop at the first file that cannot be used.")
@click.option("--overwrite", is_flag=True, help="Write again what is there; else it is kept.")
@json_option
@debug_option
def clean(
    foregrounds: str | None,
    alphas: str | None,
    name: str | None,
    folder: str | None,
    output: str,
    mode: Literal["legacy", "converged"],
    strict: bool,
    overwrite: bool,
    as_json: bool,
) -> int:
    """Free the colours of foregrounds from what shone through, as LSA-Matting does.

    A run that was stopped goes on where it was.
    """
    from streammat.datasets import Faults
    from streammat.datasets.clean import clean_foregrounds
    from streammat_kernels.bands import Bands

    say = partial(click.echo, err=True)
    faults = Faults(say, strict=strict)
    samples = _samples(foregrounds, alphas, name, folder, faults)
    threads = os.cpu_count() or 1
    with ThreadPoolExecutor(threads) as pool:
        result = clean_foregrounds(
            samples,
            Path(output),
            mode,
            faults,
            overwrite=overwrite,
            bands=Bands(pool, threads),
            done=lambda sample: say(sample.name),
        )
    if as_json:
        print_json("data clean-foregrounds", {**result._asdict(), "left_out": dict(faults.counts)})
    else:
        say(f"{result.written} written, {result.kept} were there. {faults.summary()}".strip())
    return 0


@data.command("list")
def list_sets() -> int:
    """List the data sets whose layout is known."""
    from streammat.datasets import layouts

    for layout in layouts().values():
        click.echo(f"{layout.name:<12} {layout.kind:<11} {layout.about}")
    return 0


def _samples(
    foregrounds: str | None,
    alphas: str | None,
    name: str | None,
    folder: str | None,
    faults: Faults,
) -> list[Sample]:
    from streammat.datasets import Layout, find_samples
    from streammat.datasets.layouts import layout_named
    from streammat.errors import ConfigError, InputError

    if name and folder and not (foregrounds or alphas):
        layout = layout_named(name)
        if layout.kind == "background":
            raise ConfigError(f"--set {name}: a set of backgrounds has no alphas; name another")
        return find_samples(layout, Path(folder), faults)
    if name or folder or not (foregrounds and alphas):
        raise click.UsageError(
            "give --foregrounds DIR and --alphas DIR, or --set NAME and --data DIR"
        )
    for missing in (path for path in (foregrounds, alphas) if not Path(path).is_dir()):
        raise InputError(f"{missing}: no such folder; check --foregrounds and --alphas")
    layout = Layout("folder", "", "cutout", (".",), (foregrounds,), (alphas,))
    return find_samples(layout, Path(), faults)
