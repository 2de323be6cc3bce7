"""``streammat models``: what ships or was imported, how good it is, what it may be used for."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import ENVELOPE, print_json

if TYPE_CHECKING:
    from streammat.catalogue.cards import ModelCard

__all__ = ["models"]

_HELP = {"help_option_names": ["-h", "--help"]}
_WEIGHTS = (".pth", ".pt", ".safetensors")
_WIDTH = 96


@click.group(context_settings=_HELP, invoke_without_command=True)
@json_option
@debug_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models, import released GFM weights, export or remove them.

    Any ONNX file of the same form works too: --model FILE.onnx.
    """
    if context.invoked_subcommand is None:
        _list(as_json)
    elif as_json:
        raise click.UsageError("--json goes behind the subcommand: streammat models list --json")


@models.command("list", context_settings=_HELP)
@json_option
@debug_option
def list_models(as_json: bool) -> None:
    """List the models that ship or were imported."""
    _list(as_json)


@models.command(context_settings=_HELP)
@click.argument("name")
@json_option
@debug_option
def show(name: str, as_json: bool) -> None:
    """Say what a model is; for released weights that are not here, how to get them."""
    from streammat.catalogue.cards import find_model, imported_models, shipped_models
    from streammat.catalogue.released import how_to_get

    card = next((c for c in (*shipped_models(), *imported_models()) if c.name == name), None)
    released = how_to_get(name) if card is None else None
    if released is not None:
        if as_json:
            print_json("models show", {"name": name, "imported": False, **released})
        else:
            click.echo(f"{name} is not imported. Weights: {released['file']}, linked from")
            click.echo(f"  {released['source']}")
            click.echo(f"  licence: {released['licence']}")
            click.echo(f"then: {released['import_command']}")
        return
    card = card or find_model(name)
    if as_json:
        print_json("models show", {**_details(card), "name": card.name, "path": card.path})
    else:
        _print_card(card)


@models.command("import", context_settings=_HELP)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="Name to use it by. [default: the network's]")
@click.option("--rosta", help="FT or BT, where the file's name does not say which.")
@click.option("--licence", help="Note on what the weights may be used for.")
@click.option("--overwrite", is_flag=True, help="Replace an imported model of this name.")
@json_option
@debug_option
def import_file(
    file: Path,
    name: str | None,
    rosta: str | None,
    licence: str | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Import the weights of a GFM network, so that --model NAME runs it. Needs PyTorch."""
    _require_torch()
    from streammat.models.importing import LICENCE, import_weights

    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always", UserWarning)
        card = import_weights(
            file, name, rosta=rosta, licence=licence or LICENCE, overwrite=overwrite
        )
    for line in {str(remark.message) for remark in remarks}:
        if "rosta='BT'" in line:  # the others are PyTorch's about itself
            click.echo(line.replace("pass rosta='BT'", "give --rosta BT"), err=True)
    if as_json:
        print_json("models import", {**_details(card), "path": card.path})
    else:
        click.echo(f"{card.name}: {card.details['network']}, sha256 {card.sha256}")
        click.echo(f"use it: streammat matte CLIP --model {card.name}")


@models.command(context_settings=_HELP)
@click.argument("name")
@debug_option
def remove(name: str) -> None:
    """Remove an imported model."""
    from streammat.catalogue.cards import imported_models, shipped_models
    from streammat.catalogue.folder import model_folder, remove_folder
    from streammat.errors import ConfigError, OutputError

    if any(card.name == name for card in shipped_models()):
        raise ConfigError(f"model {name!r} ships with the program and stays")
    folder = model_folder(name)
    if not folder.is_dir():
        names = ", ".join(card.name for card in imported_models()) or "none"
        raise ConfigError(f"model {name!r} is not imported; imported are: {names}")
    try:
        remove_folder(folder)
    except OSError as error:
        raise OutputError(f"cannot remove {folder}: {error.strerror}") from error
    click.echo(f"{name} removed")


@models.command(context_settings=_HELP)
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--overwrite", is_flag=True, help="Replace FILE.")
@debug_option
def export(name: str, file: Path, overwrite: bool) -> None:
    """Write a model to FILE: .onnx with its card (.json), or imported weights.

    Those as .pth, in the form that the authors' code loads, or as .safetensors.
    """
    from streammat.catalogue.cards import find_model
    from streammat.errors import ConfigError, OutputError

    card = find_model(name)
    beside = [file.with_suffix(".json")] if file.suffix == ".onnx" else []
    for path in (file, *beside):
        if path.exists() and not overwrite:
            raise OutputError(f"{path} exists: choose another name, or --overwrite")
    weights = card.details.get("weights")
    source = card.path if file.suffix == ".onnx" else None
    if file.suffix in _WEIGHTS and weights:
        source = card.path.with_name(weights["file"])
    if source is None:
        raise ConfigError(
            f"{file}: {name} can be written as .onnx" + ", .pth, .safetensors" * bool(weights)
        )
    if source.suffix == file.suffix:
        _write(file, lambda partial: shutil.copyfile(source, partial))
    else:
        _convert(source, file)
    text = _card_of(card, file)
    for path in beside:
        _write(path, lambda partial: partial.write_text(text, encoding="utf-8"))
    click.echo(str(file))


def _details(card: ModelCard) -> dict[str, Any]:
    """A card's own fields; one of a user's own may hold names that JSON results begin with."""
    return {key: value for key, value in card.details.items() if key not in ENVELOPE}


def _card_of(card: ModelCard, file: Path) -> str:
    """The card of a graph alone: what it is, how it is fused, what it may be used for."""
    details = {key: value for key, value in card.details.items() if key != "weights"}
    told = {**details, "name": file.stem, "file": file.name, "sha256": card.sha256}
    if "variant" not in told and card.variant is not None:
        told["variant"] = card.variant
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _write(file: Path, write: Callable[[Path], object]) -> None:
    """A full disk leaves the old file or none, never half of one."""
    from streammat.errors import unwritten

    partial = file.with_name(file.name + ".partial")
    try:
        write(partial)
        partial.replace(file)
    except OSError as error:
        raise unwritten(file, error) from error
    finally:
        with suppress(OSError):  # of a read-only disk; it would hide what happened
            partial.unlink(missing_ok=True)


def _convert(source: Path, file: Path) -> None:
    """Weights from one form into the other."""
    _require_torch()
    from streammat.models import load_checkpoint, save_checkpoint

    save_checkpoint(load_checkpoint(source), file)


def _require_torch() -> None:
    import importlib.util

    from streammat.errors import DependencyError

    lacking = [n for n in ("torch", "onnx", "safetensors") if not importlib.util.find_spec(n)]
    if lacking:
        raise DependencyError(
            f"weights are converted by PyTorch, {', '.join(lacking)} is missing: "
            "pip install 'streammat[torch]'"
        )


def _list(as_json: bool) -> None:
    from streammat.catalogue.cards import imported_models, shipped_models
    from streammat.settings import MatteSettings

    default = MatteSettings().model
    cards = [(card, False) for card in shipped_models()]
    say = partial(click.echo, err=True)
    cards += [(card, True) for card in imported_models(say)]
    if as_json:
        rows = [
            {**c.details, "path": c.path, "default": c.name == default, "imported": imported}
            for c, imported in cards
        ]
        print_json("models", {"models": rows})
        return
    for card, imported in cards:
        note = " (default)" if card.name == default else " (imported)" if imported else ""
        click.echo(f"{card.name}{note}")
        _echo(card.summary, "  ")
        _echo(f"licence: {card.licence or 'unknown'}", "  ")
    click.echo("more of one: streammat models show NAME")


def _print_card(card: ModelCard) -> None:
    click.echo(card.name)
    _echo(card.summary, "  ")
    _echo(f"variant {card.variant}, sha256 {card.sha256}", "  ")
    _echo(f"licence: {card.licence or 'unknown'}", "  ")
    if data := card.details.get("data"):
        click.echo("  trained on:")
        for part in data:
            _echo(f"{part.get('name')} ({part.get('licence')})", "    ")
    for key in ("quality", "limits", "source"):
        if card.details.get(key):
            _print_value(key, card.details[key])
    click.echo(f"  {card.path}")


def _print_value(key: str, value: Any) -> None:
    """A line for each part of a table or list; any other value behind its name."""
    if isinstance(value, dict):
        click.echo(f"  {key}:")
        for name, item in value.items():
            _echo(f"{name}: {_words(item)}", "    ")
    elif isinstance(value, list):
        click.echo(f"  {key}:")
        for item in value:
            _echo(_words(item), "    ")
    else:
        _echo(f"{key}: {value}", "  ")


def _echo(text: str, indent: str) -> None:
    """Text broken into lines; what follows the first line lies deeper."""
    click.echo(click.wrap_text(text, _WIDTH, indent, indent + "  "))


def _words(value: Any) -> str:
    """A card's value on one line."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return "; ".join(_words(item) for item in value)
    return str(value)
