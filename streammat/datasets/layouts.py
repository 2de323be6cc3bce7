"""Published training sets by name: where their pictures and alphas lie."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from streammat.errors import ConfigError

__all__ = ["Kind", "Layout", "layout_named", "layouts"]

Kind = Literal["photo", "cutout", "mask", "background"]


@dataclass(frozen=True, slots=True)
class Layout:
    """One data set.

    Attributes:
        name, about: as of recipes, and one line.
        kind: what its pictures are.
        roots: folders below the data set's, in the order of trying.
        every_root: all that exist count, not the first alone.
        pictures, alphas, foregrounds, backgrounds: folders below a root, in the order of trying.
    """

    name: str
    about: str
    kind: Kind
    roots: tuple[str, ...]
    pictures: tuple[str, ...]
    alphas: tuple[str, ...] = ()
    foregrounds: tuple[str, ...] = ()
    backgrounds: tuple[str, ...] = ()
    every_root: bool = False


@cache
def layouts() -> dict[str, Layout]:
    """All by name."""
    text = files("streammat.datasets").joinpath("layouts.toml").read_text(encoding="utf-8")
    found = {}
    for name, row in tomllib.loads(text).items():
        lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
        found[name] = Layout(name=name, **{**row, **lists})
    return found


def layout_named(name: str) -> Layout:
    """The layout of this name.

    Raises:
        ConfigError: there is none.
    """
    if name not in layouts():
        raise ConfigError(f"data set {name!r} is unknown: use {', '.join(layouts())}")
    return layouts()[name]
