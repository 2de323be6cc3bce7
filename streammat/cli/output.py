"""Results on stdout: one JSON object with a schema version, or a plain table."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import click

from streammat import __version__

__all__ = [
    "ENVELOPE",
    "SCHEMA_VERSION",
    "Invocation",
    "envelope",
    "keep_stdout",
    "plain",
    "print_json",
    "print_table",
    "shown",
]

# Raised when a field changes its meaning or goes; new fields do not raise it.
SCHEMA_VERSION = 1
ENVELOPE = ("schema_version", "streammat", "command")


class Invocation(list[str]):
    """The arguments of one run of the program, and what is known of its stdout.

    Attributes:
        json_of: the command that was asked for ``--json``; "" without.
        stdout_taken: a result is there, or belongs there, so that nothing else may follow.
    """

    json_of = ""
    stdout_taken = False


def keep_stdout() -> None:
    """From now on nothing is printed there that an error would have to tell."""
    context = click.get_current_context(silent=True)
    call = None if context is None else context.find_object(Invocation)
    if call is not None:
        call.stdout_taken = True


def envelope(command: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """What every JSON result begins with, then the result.

    Raises:
        ValueError: the result has a field of the head's name, which would take its place.
    """
    if taken := [name for name in ENVELOPE if name in content]:
        raise ValueError(f"the JSON of {command} has fields {taken}, which are the envelope's")
    head = dict(zip(ENVELOPE, (SCHEMA_VERSION, __version__, command), strict=True))
    return {**head, **plain(content)}


def print_json(command: str, content: Mapping[str, Any]) -> None:
    """One object on stdout."""
    text = json.dumps(envelope(command, content), indent=2)
    keep_stdout()
    click.echo(text)


def plain(value: Any) -> Any:
    """Dataclasses, enums, fractions, paths and tuples as JSON has them; other objects as text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (str, Fraction, Path)):
        return str(value)
    return str(value)


def print_table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as their longest cell; no frame, so that grep and awk like it."""
    cells = [[str(cell) for cell in row] for row in [heads, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def shown(value: object) -> str:
    """A value in a table: - for none, commas between the parts of a tuple."""
    if value is None:
        return "-"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
