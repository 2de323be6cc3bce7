"""``streammat doctor``: what this machine can do, what lacks, and the line that installs it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import click

from streammat.cli.machine import Fact, all_facts
from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json

__all__ = ["doctor"]

EXIT_MISSING = 4
_SIGNS = {"ok": "ok ", "missing": "!! ", "optional": "-  "}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@json_option
@debug_option
def doctor(as_json: bool) -> int:
    """Say what this machine can do, what is missing, and how to install it.

    Ends with 0, or with 4 where something that streammat needs is missing.
    """
    facts = all_facts()
    missing = [fact for fact in facts if fact.standing == "missing"]
    code = EXIT_MISSING if missing else 0
    if as_json:
        print_json("doctor", {"exit_code": code, "facts": facts})
    else:
        _print(facts, missing)
    return code


def _print(facts: Sequence[Fact], missing: Sequence[Fact]) -> None:
    width = max(len(fact.name) for fact in facts)
    for group, members in groupby(facts, key=lambda fact: fact.group):
        click.echo(f"{group}:")
        for fact in members:
            click.echo(f"  {_SIGNS[fact.standing]}{fact.name.ljust(width)}  {fact.value}")
            if fact.standing != "ok" and fact.hint:
                click.echo(f"     {' ' * width}  -> {fact.hint}")
    if missing:
        names = ", ".join(fact.name for fact in missing)
        click.echo(f"missing: {names}; see the lines marked !!")
    else:
        click.echo("ready: nothing that streammat needs is missing")
