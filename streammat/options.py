"""Keyword arguments of the Python API, typed; each is the field of `MatteSettings` of that name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypedDict

from streammat.errors import ConfigError
from streammat.settings import MatteSettings

__all__ = ["ClipOptions", "MatterOptions", "settings_from"]


class MatterOptions(TypedDict, total=False):
    """What a matte of pictures in memory depends on."""

    model: str
    device: str
    size: str
    strategy: str
    smooth: str | float
    grow_px: float
    shrink_px: float
    feather_px: float
    clip_black: float
    clip_white: float
    roi: tuple[int, int, int, int] | None
    threads: int | None


class ClipOptions(MatterOptions, total=False):
    """What a clip's matte depends on."""

    garbage: str | None
    holdout: str | None
    start: str | float | None
    end: str | float | None
    frames: str | None
    limit: int | None
    strict: bool


def settings_from(
    base: MatteSettings | None, options: Mapping[str, Any], allowed: type[Any]
) -> MatteSettings:
    """``base`` (or the defaults) with ``options`` over it.

    Numbers are taken where a setting is written as text (``smooth=0.5``, ``start=12.5``).

    Raises:
        ConfigError: an option that ``allowed`` does not name.
    """
    names = allowed.__annotations__.keys() | allowed.__optional_keys__
    unknown = sorted(options.keys() - names)
    if unknown:
        raise ConfigError(f"unknown setting {unknown[0]!r}: use {', '.join(sorted(names))}")
    written = {"smooth", "start", "end"}
    values: dict[str, Any] = {
        name: str(value) if name in written and value is not None else value
        for name, value in options.items()
    }
    return replace(base or MatteSettings(), **values)
