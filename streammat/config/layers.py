"""Where a value comes from: the first of command line, environment, files, preset, default."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import platformdirs

from streammat.config.presets import PRESETS
from streammat.config.table import SETTINGS, Setting, setting
from streammat.errors import ConfigError
from streammat.looking import is_file
from streammat.settings import MatteSettings

__all__ = ["PROJECT_FILE", "Layer", "Resolved", "project_file", "resolve", "user_file"]

PROJECT_FILE = "streammat.toml"
# Variables of the same family that are no settings of a job.
_OTHER_VARIABLES = {
    "STREAMMAT_DATA",
    "STREAMMAT_MODELS_DIR",
    "STREAMMAT_REQUIRE_CUDA",
    "STREAMMAT_WHEEL_TEST",
}


@dataclass(frozen=True, slots=True)
class Layer:
    """Values from one place; ``origin`` is how `streammat config show` names it."""

    origin: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """Every setting's value and where it comes from, by the setting's name."""

    values: Mapping[str, Any]
    origins: Mapping[str, str]

    def settings(self, only: Iterable[str] | None = None) -> MatteSettings:
        """The part that a job needs.

        Args:
            only: names of the settings that the job knows; the others stay as they are by default,
                wherever they were set.
        """
        known = None if only is None else set(only)
        rows = [row for row in SETTINGS if row.of_job and (known is None or row.name in known)]
        return MatteSettings(**{row.key: self.values[row.name] for row in rows})


def user_file() -> Path:
    """The user's own file; it need not exist."""
    return Path(platformdirs.user_config_dir("streammat", appauthor=False)) / "config.toml"


def project_file(folder: Path | None = None) -> Path | None:
    """The nearest ``streammat.toml`` from ``folder`` (default: the current one) upwards, if any."""
    start = (folder or Path.cwd()).absolute()
    return next((f for p in (start, *start.parents) if is_file(f := p / PROJECT_FILE)), None)


def resolve(
    command_line: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    user: Path | None = None,
    suffixes: Sequence[str] = (),
) -> Resolved:
    """Lay the layers over each other.

    Args:
        command_line: values already parsed, by setting name; None entries count as not given.
        environ: default ``os.environ``.
        folder: where the search for ``streammat.toml`` starts; default the current folder.
        user: the user's file; default `user_file`.
        suffixes: of the outputs; a preset's codec options hold only where all are its own.

    Raises:
        ConfigError: an unknown key or a value that is not allowed, with its place and what is.
    """
    given = {name: value for name, value in (command_line or {}).items() if value is not None}
    layers = [Layer("command line", given)]
    layers.append(_environment(os.environ if environ is None else environ))
    project = project_file(folder)
    if project is not None:
        layers.append(_file("project", project))
    user = user_file() if user is None else user
    if is_file(user):
        layers.append(_file("user", user))
    layers += _preset(layers, suffixes)
    return _merge(layers)


def _merge(layers: Sequence[Layer]) -> Resolved:
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for row in SETTINGS:
        layer = next((layer for layer in layers if row.name in layer.values), None)
        values[row.name] = layer.values[row.name] if layer else row.fallback()
        origins[row.name] = layer.origin if layer else "default"
    # The environment layer names the variable itself.
    for name, origin in origins.items():
        if origin == "environment":
            origins[name] = f"environment {setting(name).variable}"
    return Resolved(values, origins)


def _preset(layers: Sequence[Layer], suffixes: Sequence[str]) -> list[Layer]:
    name = next((layer.values["preset"] for layer in layers if "preset" in layer.values), None)
    if name is None:
        return []
    preset = PRESETS[name]
    own = suffixes or [preset.suffix]
    # They are x264's and x265's: another codec has a scale of its own.
    named = next((layer.values["codec"] for layer in layers if "codec" in layer.values), "h264")
    theirs = set(str(named).split(",")) <= {"h264", "hevc"}
    codec = dict(preset.codec.get(own[0], {})) if len(set(own)) == 1 and theirs else {}
    if any("bitrate" in layer.values for layer in layers):
        codec.pop("crf", None)  # the user's rate decides
    return [Layer(f"preset {name}", {**preset.values, **codec})]


def _environment(environ: Mapping[str, str]) -> Layer:
    values: dict[str, Any] = {}
    known = {row.variable: row for row in SETTINGS}
    for variable, written in environ.items():
        if variable in known:
            values[known[variable].name] = _parsed(known[variable], written, variable)
        elif variable.startswith("STREAMMAT_") and variable not in _OTHER_VARIABLES:
            near = difflib.get_close_matches(variable, known, 1, 0.85)
            if near:
                raise ConfigError(f"environment variable {variable} is unknown; meant {near[0]}?")
    return Layer("environment", values)


def _file(kind: str, path: Path) -> Layer:
    values: dict[str, Any] = {}
    for key, written in _read_toml(path):
        row = _row(key, path)
        values[row.name] = row.anchored(_typed(row, written, path), path.parent)
    return Layer(f"{kind} {path}", values)


def _read_toml(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        with path.open("rb") as stream:
            table = tomllib.load(stream)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error
    yield from table.items()


def _row(key: str, path: Path) -> Setting:
    name = key.replace("-", "_")
    names = [row.name for row in SETTINGS]
    if name in names:
        return setting(name)
    near = difflib.get_close_matches(name, names, 1, 0.5)
    hint = f"meant '{near[0]}'? " if near else ""
    raise ConfigError(f"{path}: unknown key '{key}'; {hint}Known keys: {', '.join(names)}")


def _typed(row: Setting, written: Any, path: Path) -> Any:
    place = f"{path}: {row.name}"
    # bool is an int in Python; a truth value is never a number here.
    fits = isinstance(written, row.types) and (bool in row.types or not isinstance(written, bool))
    if not fits:
        raise ConfigError(f"{place} = {written!r} is not allowed; use {row.allowed}")
    listed = isinstance(written, list)
    return _parsed(row, ",".join(map(str, written)) if listed else str(written), place)


def _parsed(row: Setting, written: str, place: str) -> Any:
    try:
        return row.parse(written)
    except ConfigError as error:
        raise ConfigError(f"{place} = {error}") from error
