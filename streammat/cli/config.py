"""``streammat config show|path``: each setting's value and where it comes from."""

from __future__ import annotations

import click

from streammat.cli.options import debug_option, json_option
from streammat.cli.output import print_json, print_table, shown
from streammat.config import PROJECT_FILE, SETTINGS, project_file, resolve, user_file

__all__ = ["config"]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def config() -> None:
    """Show settings and where they come from.

    Order, first wins: command line, STREAMMAT_* variables, streammat.toml of the project (searched
    from the current folder upwards), the user's file, the preset, the default.
    """


@config.command()
@json_option
@debug_option
def show(as_json: bool) -> None:
    """Each setting's value and origin."""
    resolved = resolve()
    if as_json:
        rows = {
            row.name: {"value": resolved.values[row.name], "origin": resolved.origins[row.name]}
            for row in SETTINGS
        }
        print_json("config", {"settings": rows})
        return
    print_table(
        ("setting", "value", "origin"),
        [
            (row.name, shown(resolved.values[row.name]), resolved.origins[row.name])
            for row in SETTINGS
        ],
    )


@config.command()
@json_option
@debug_option
def path(as_json: bool) -> None:
    """The files that are read."""
    project, user = project_file(), user_file()
    if as_json:
        found = {"project": str(project) if project else None, "user": str(user)}
        print_json("config path", {**found, "user_exists": user.is_file()})
        return
    missing = f"none ({PROJECT_FILE} in this folder or above)"
    note = "" if user.is_file() else " (not there)"
    print_table(("file", "path"), [("project", project or missing), ("user", f"{user}{note}")])
