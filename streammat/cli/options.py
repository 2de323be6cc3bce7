"""Option types, and the options that several commands share; all read the table of settings."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from streammat.cli.output import Invocation
from streammat.config import SETTINGS, Setting, setting
from streammat.errors import ConfigError
from streammat.settings import OutputKind, OutputRequest

__all__ = [
    "OUTPUT",
    "SettingType",
    "chosen_options",
    "debug_option",
    "json_option",
    "setting_options",
]

if TYPE_CHECKING:
    Parameter = click.ParamType[Any]
else:
    Parameter = click.ParamType  # generic for the checker only: older releases of click are not

Command = TypeVar("Command", bound=Callable[..., Any])


class SettingType(Parameter):
    """A setting's written form; the message names the value and the forms that are allowed."""

    def __init__(self, row: Setting) -> None:
        self._row = row
        self.name = row.allowed

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse, as a TOML file or the environment would be."""
        if not isinstance(value, str):
            return value
        try:
            return self._row.parse(value)
        except ConfigError as error:
            self.fail(str(error), param, ctx)


class OutputType(Parameter):
    """``[rgba=|alpha=|foreground=|composite=]PATH``."""

    name = "[kind=]path"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> OutputRequest:
        """Split the kind off the path; a path of its own may hold an equals sign."""
        if isinstance(value, OutputRequest):
            return value
        written = str(value)
        kind, equals, path = written.partition("=")
        kinds = [str(known) for known in OutputKind]
        if not equals:
            kind, path = "", written
        elif kind not in kinds:
            near = difflib.get_close_matches(kind.lower(), kinds, 1, 0.7)
            if near:
                self.fail(f"{written!r}: no kind '{kind}', meant {near[0]}={path}?", param, ctx)
            kind, path = "", written
        if not path:
            self.fail(f"{written!r} has no path; use {'|'.join(kinds)}=PATH", param, ctx)
        return OutputRequest(path, OutputKind(kind) if kind else None)


OUTPUT = OutputType()


def setting_options(command: Command) -> Command:
    """Every setting as an option; None means: not said on the command line."""
    for row in reversed(SETTINGS):
        command = _option(row)(command)
    return command


def chosen_options(names: Sequence[str]) -> Callable[[Command], Command]:
    """The settings of these names as options, as `setting_options`."""

    def add(command: Command) -> Command:
        for name in reversed(names):
            command = _option(setting(name))(command)
        return command

    return add


def _option(row: Setting) -> Callable[[Command], Command]:
    about = row.about
    default = row.fallback()
    if default not in {None, False, ""}:
        about += f" [default: {default}]"
    if bool in row.types:
        negative = row.option.replace("--", "--no-")
        return click.option(f"{row.option}/{negative}", row.name, default=None, help=about)
    return click.option(
        row.option, row.name, type=SettingType(row), metavar=row.allowed, help=about
    )


def _note_json(context: click.Context, parameter: click.Parameter, asked: bool) -> bool:
    """Let whoever reports an error know that JSON is wanted, and of which command."""
    del parameter
    call = context.find_object(Invocation)
    if asked and call is not None:
        call.json_of = context.command_path.partition(" ")[2]
    return asked


debug_option = click.option(
    "--debug", is_flag=True, expose_value=False, help="Show the traceback of an error."
)
json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    is_eager=True,
    callback=_note_json,
    help="Print one JSON object on stdout.",
)
