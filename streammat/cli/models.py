"""``streammat models``: what ships, how good it is, what it may be used for."""

from __future__ import annotations

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json

__all__ = ["models"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@json_option
@debug_option
def models(as_json: bool) -> None:
    """List the models that ship, their licences and limits.

    Any ONNX file of the same form works too: --model FILE.onnx.
    """
    from streammat.matting.catalogue import shipped_models
    from streammat.settings import MatteSettings

    cards = shipped_models()
    default = MatteSettings().model
    if as_json:
        rows = [
            {**card.details, "path": card.path, "default": card.name == default} for card in cards
        ]
        print_json("models", {"models": rows})
        return
    for card in cards:
        click.echo(f"{card.name}{' (default)' if card.name == default else ''}")
        click.echo(f"  {card.summary}")
        click.echo(f"  variant {card.variant}, sha256 {card.sha256}")
        click.echo(f"  licence: {card.licence or 'unknown'}")
        if data := card.details.get("data"):
            names = [f"{part.get('name')} ({part.get('licence')})" for part in data]
            click.echo(f"  trained on: {'; '.join(names)}")
        for key in ("quality", "limits"):
            if card.details.get(key):
                click.echo(f"  {key}: {_words(card.details[key])}")
        click.echo(f"  {card.path}")


def _words(value: object) -> str:
    """A card's value on one line."""
    if isinstance(value, dict):
        return "; ".join(f"{key}: {_words(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " ".join(_words(item) for item in value)
    return str(value)
