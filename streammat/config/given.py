"""Settings given as Python values: held to the same forms and ranges as written ones."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

from streammat.config.table import SETTINGS, Setting
from streammat.errors import ConfigError
from streammat.settings import MatteSettings

__all__ = ["checked_settings"]

_BY_FIELD = {row.key: row for row in SETTINGS if row.of_job}


def checked_settings(settings: MatteSettings, names: Iterable[str]) -> MatteSettings:
    """The settings, those of ``names`` as the command line would have read them.

    Numbers are taken for text where the setting is one (``smooth=0.5``, ``start=12.5``), paths for
    names of files, and a tuple or list of four whole numbers for ``roi``.

    Args:
        settings: of any origin.
        names: fields of `MatteSettings` that a setting of the command line has.

    Raises:
        ConfigError: a value of another type or out of range; the line says what is allowed.
    """
    default = MatteSettings()
    given = {name: getattr(settings, name) for name in names}
    said = {
        name: value
        for name, value in given.items()
        if value is not None or getattr(default, name) is not None
    }
    return replace(settings, **{name: _read(_BY_FIELD[name], v) for name, v in said.items()})


def _read(row: Setting, value: Any) -> Any:
    written = _written(row, value)
    if written is None:
        raise ConfigError(f"{row.key} = {value!r} is not allowed; use {row.allowed}")
    try:
        return row.parse(written)
    except ConfigError as error:
        raise ConfigError(f"{row.key} = {error}") from error


def _written(row: Setting, value: Any) -> str | None:
    """The value as one would write it; None where it is of a type that the setting has not."""
    kind: type[object]
    match value:
        case bool():  # a number for Python, but never meant as one
            kind, written = bool, str(value)
        case str():
            kind, written = str, value
        case os.PathLike():
            kind, written = (str if row.path else object), os.fspath(value)
        case Integral():
            kind, written = int, str(int(value))
        case Fraction():  # exact, as a rate of 30000/1001 has to be
            kind, written = float, str(value)
        case Real():
            kind, written = float, str(float(value))
        case tuple() | list() if all(type(part) is not bool for part in value):
            kind, written = list, ",".join(map(str, value))
        case _:
            return None
    return written if kind in row.types else None
