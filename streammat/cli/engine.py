"""``streammat engine``: build, list, show, verify and remove engines for NVIDIA GPUs."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from streammat_engines.tensorrt.cache import PlanEntry

__all__ = ["engine"]

EXIT_DAMAGED = 2
_HELP = {"help_option_names": ["-h", "--help"]}
_WIDE = (16, 9)  # the shape that fast, balanced and best mean here


@click.group(context_settings=_HELP)
@debug_option
def engine() -> None:
    """Engines for NVIDIA GPUs: a model, built by TensorRT for one size.

    `streammat matte --device cuda` builds what it needs by itself; this builds ahead.
    """


@engine.command(context_settings=_HELP)
@click.argument("model", default="gfm_lite0_tt")
@click.option("--size", metavar="fast|balanced|best|WxH", help="Network size. [default: balanced]")
@click.option("--profile", metavar="720p|1080p|2160p", help="Network size for such pictures.")
@click.option("--batch", type=click.IntRange(1, 8), help="[default: 1; with --dynamic 8]")
@click.option("--dynamic", is_flag=True, help="Any batch from 1 to --batch.")
@click.option("--precision", type=click.Choice(["fp16", "fp32"]), default="fp16", show_default=True)
@click.option(
    "--backend",
    type=click.Choice(["tensorrt", "tensorrt-rtx"]),
    help="[default: what is installed]",
)
@click.option(
    "--via",
    type=click.Choice(["onnx", "torch"]),
    default="onnx",
    show_default=True,
    help="TensorRT's ONNX parser, or Torch-TensorRT, which needs a GPU.",
)
@click.option(
    "--second-glance/--single",
    default=None,
    help="As `matte --strategy` of the same name. [default: as for clips]",
)
@click.option("--refit", is_flag=True, help="Let the engine take retrained weights later.")
@click.option("--rebuild", is_flag=True, help="Build even if it is there.")
@click.option("--no-check", is_flag=True, help="Keep it without measuring its accuracy.")
@json_option
@debug_option
def build(
    model: str,
    size: str | None,
    profile: str | None,
    batch: int | None,
    backend: str | None,
    second_glance: bool | None,
    as_json: bool,
    no_check: bool,
    rebuild: bool,
    **options: Any,
) -> None:
    """Build the engine of MODEL, prove it against FP32 and keep it.

    An engine that is less accurate than it may be is refused, and its worst layers are named.
    """
    from streammat.catalogue.cards import find_model
    from streammat.gpu.engines import build_engine, default_backend, engine_request, open_workshop
    from streammat.matting.strategies import strategy_for_clip

    card = find_model(model)
    width, height = _size(size, profile)
    if second_glance is None:
        asked = size or f"{width}x{height}"
        second_glance = strategy_for_clip(card.network, asked) == "second-glance"
    if batch is None:
        batch = 8 if options["dynamic"] else 1
    options["second_glance"] = second_glance
    chosen: Any = backend or default_backend()
    request = engine_request(card, width, height, backend=chosen, batch=batch, **options)
    with _Progress() as progress:
        shop = open_workshop(card, chosen, progress.say, via=options["via"], judged=not no_check)
        entry = build_engine(request, shop, rebuild=rebuild)
    if as_json:
        print_json("engine build", {**_facts(entry), "path": entry.path})
    else:
        _print_entry(entry)


@engine.command("list", context_settings=_HELP)
@json_option
@debug_option
def list_engines(as_json: bool) -> None:
    """List the engines that are kept, last used first."""
    from streammat.gpu.engines import plan_cache

    cache = plan_cache(reading=True)
    entries = cache.entries()
    if as_json:
        rows = [{**_facts(entry), "path": entry.path} for entry in entries]
        print_json("engine list", {"folder": cache.folder, "engines": rows})
        return
    if not entries:
        click.echo(_nothing(cache.folder))
        return
    heads = ("key", "model", "profile", "precision", "backend", "for", "MB", "last used")
    print_table(heads, [_row(entry) for entry in entries])


@engine.command(context_settings=_HELP)
@click.argument("key")
@json_option
@debug_option
def show(key: str, as_json: bool) -> None:
    """Show everything that is known of the engine whose key begins with KEY."""
    from streammat.gpu.engines import plan_cache

    entry = plan_cache(reading=True).match(key)
    if as_json:
        print_json("engine show", {**_facts(entry), "path": entry.path})
    else:
        _print_entry(entry)


@engine.command(context_settings=_HELP)
@click.argument("keys", nargs=-1)
@json_option
@debug_option
def verify(keys: tuple[str, ...], as_json: bool) -> int:
    """Check the engines' files against their hashes; damaged ones are set aside.

    Ends with 0, or with 2 where one is damaged.
    """
    from streammat.gpu.engines import plan_cache

    cache = plan_cache()
    chosen = [cache.one_key(key) for key in keys] or cache.keys()
    known = {entry.manifest.key: entry for entry in cache.entries()}
    states = {key: cache.check(key) for key in chosen}
    if as_json:
        rows = [{"key": key, "whole": whole} for key, whole in states.items()]
        print_json("engine verify", {"engines": rows, "set_aside": cache.damaged()})
    else:
        for key, whole in states.items():
            name = f"  {_name(known[key])}" if key in known else ""
            state = "whole" if whole else "damaged: set aside, it will be built anew when needed"
            click.echo(f"{key[:12]}{name}  {state}")
        for path in cache.damaged():
            click.echo(f"set aside: {path}")
        if not chosen:
            click.echo(_nothing(cache.folder))
    return 0 if all(states.values()) else EXIT_DAMAGED


@engine.command(context_settings=_HELP)
@click.option("--keep-gib", type=float, help="Keep the last used up to this. [default: 8]")
@click.option("--all", "everything", is_flag=True, help="Remove every engine.")
@json_option
@debug_option
def prune(keep_gib: float | None, everything: bool, as_json: bool) -> None:
    """Remove the engines that were not used for longest, and what broken builds left."""
    from streammat.gpu.engines import plan_cache

    if everything and keep_gib is not None:
        raise click.UsageError("--all and --keep-gib exclude each other: --all keeps nothing")
    cache = plan_cache(0.0 if everything else keep_gib)
    removed, freed = cache.prune()
    if everything:
        cache.clear_traces()
    if as_json:
        keys = [manifest.key for manifest in removed]
        print_json("engine prune", {"removed": keys, "freed_bytes": freed})
    else:
        click.echo(f"{len(removed)} engines removed, {freed / 1e6:.0f} MB free")


class _Progress:
    """Build progress on stderr: one live line on a terminal, plain lines elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._begun = time.monotonic()
        self._open = False

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            click.echo("", err=True)

    def say(self, text: str) -> None:
        """A step; called from the builder's thread."""
        seconds = time.monotonic() - self._begun
        if self._live:
            click.echo(f"\r\033[K{seconds:4.0f} s  {text}", err=True, nl=False)
            self._open = True
        else:
            click.echo(text, err=True)


def _nothing(folder: Path) -> str:
    return f"no engines in {folder}; 'streammat engine build' makes one"


def _size(size: str | None, profile: str | None) -> tuple[int, int]:
    from streammat.matting.sizes import network_size, size_note
    from streammat_engines.tensorrt.request import profile_size

    if size and profile:
        raise click.UsageError("--size and --profile exclude each other: a profile names a size")
    if profile:
        return profile_size(profile)
    shape, size = _shape(size), size or "balanced"
    if note := size_note(*shape, size):
        click.echo(note, err=True)
    found = network_size(*shape, size)
    return found.width, found.height


def _shape(size: str | None) -> tuple[int, int]:
    """The frame that a size is for: WxH itself, so that it is not turned; else a wide one."""
    first, x, second = (size or "").lower().partition("x")
    if x and first.isdigit() and second.isdigit() and int(first) and int(second):
        return int(first), int(second)
    return _WIDE


def _facts(entry: PlanEntry) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(entry.manifest)


def _name(entry: PlanEntry) -> str:
    made = entry.manifest
    return f"{made.model} {made.profile} {made.precision}"


def _row(entry: PlanEntry) -> tuple[str, ...]:
    made = entry.manifest
    used = f"{datetime.fromtimestamp(entry.used):%Y-%m-%d %H:%M}"
    where = made.gpu or ",".join(made.targets)
    size = f"{made.plan_bytes / 1e6:.0f}"
    backend = f"{made.backend} {made.version}"
    key = made.key[:12]
    return (key, made.model, made.profile, made.precision, backend, where, size, used)


def _print_entry(entry: PlanEntry) -> None:
    made = entry.manifest
    click.echo(f"{made.key[:12]}  {_name(entry)}")
    click.echo(f"  {made.backend} {made.version} via {made.via}, built {made.built}")
    click.echo(f"  for {made.gpu or 'GPUs of ' + ', '.join(made.targets)} {made.driver}".rstrip())
    tensors = (*made.inputs, *made.outputs)
    click.echo("  " + ", ".join(f"{t.name} {'x'.join(map(str, t.shape))}" for t in tensors))
    click.echo(f"  {made.plan_bytes / 1e6:.1f} MB, built in {made.build_seconds:.0f} s")
    click.echo(f"  model sha256 {made.model_sha256[:16]}, graph {made.graph_sha256[:16]}")
    click.echo(f"  accuracy: {_accuracy(made.accuracy)}")
    click.echo(f"  {entry.path}")


def _accuracy(found: dict[str, Any] | None) -> str:
    if found is None:
        return "not measured"
    try:
        return _measured(found)
    except (KeyError, TypeError, ValueError):
        return "not readable; 'streammat engine build --rebuild' measures it again"


def _measured(found: dict[str, Any]) -> str:
    alpha, glance, focus = (found[name] for name in ("alpha", "glance", "focus"))
    return (
        f"alpha mean {alpha['mean']:.2g} max {alpha['largest']:.2g}, relative L2 glance "
        f"{glance['relative_l2']:.2g} focus {focus['relative_l2']:.2g}, flips {found['flips']:.2g} "
        f"({found['frames']} frames, {found['measured_on']})"
    )
