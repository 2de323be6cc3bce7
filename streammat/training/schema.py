"""Checks of a recipe's tables: every wrong key or value is named, with what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from streammat.errors import ConfigError

REQUIRED = object()


class Rule(NamedTuple):
    """What a key of a table may hold.

    Attributes:
        allowed: in words, for the message.
        take: the checked value, converted; raises ValueError where it is not allowed.
        default: of a key that is not given; `REQUIRED` where there is none.
    """

    allowed: str
    take: Callable[[Any], Any]
    default: Any = REQUIRED


def number(low: float, high: float, default: Any = REQUIRED) -> Rule:
    """A number from `low` to `high`, both allowed."""

    def take(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValueError
        if not low <= value <= high:
            raise ValueError
        return float(value)

    return Rule(f"a number from {low:g} to {high:g}", take, default)


def whole(low: int, high: int, default: Any = REQUIRED) -> Rule:
    """A whole number from `low` to `high`, both allowed."""

    def take(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError
        return value

    return Rule(f"a whole number from {low} to {high}", take, default)


def flag(default: bool) -> Rule:
    """True or false."""

    def take(value: Any) -> bool:
        if not isinstance(value, bool):
            raise ValueError
        return value

    return Rule("true or false", take, default)


def text(default: Any = REQUIRED) -> Rule:
    """Any text."""

    def take(value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise ValueError
        return value

    return Rule("a text", take, default)


def choice(names: Sequence[str], default: Any = REQUIRED) -> Rule:
    """One of these names."""

    def take(value: Any) -> str:
        if value not in names:
            raise ValueError
        return str(value)

    return Rule(" or ".join(repr(name) for name in names), take, default)


def names(known: Sequence[str] = (), default: Any = REQUIRED) -> Rule:
    """A list of texts, all of them known where `known` is not empty."""

    def take(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise ValueError
        if known and not set(value) <= set(known):
            raise ValueError
        return tuple(value)

    return Rule(f"a list of {', '.join(known) or 'texts'}", take, default)


def table(rule: Rule) -> Rule:
    """A table whose every value fits `rule`."""

    def take(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError
        return {key: rule.take(item) for key, item in value.items()}

    return Rule(f"a table of keys with {rule.allowed}", take, {})


def shapes(multiple_px: int) -> Rule:
    """A list of [height, width] in pixels, multiples of `multiple_px`."""

    def take(value: Any) -> tuple[tuple[int, int], ...]:
        if not isinstance(value, list) or not value:
            raise ValueError
        found = []
        for height, width in value:
            for side in (height, width):
                if isinstance(side, bool) or not isinstance(side, int) or side < multiple_px:
                    raise ValueError
                if side % multiple_px:
                    raise ValueError
            found.append((height, width))
        return tuple(found)

    return Rule(f"a list of [height, width], multiples of {multiple_px}", take)


def check_table(given: Mapping[str, Any], rules: Mapping[str, Rule], where: str) -> dict[str, Any]:
    """The values of a table by key, defaults filled in.

    Args:
        given: as the TOML file has it.
        rules: of every key that may be there.
        where: the file and the table, for messages.

    Raises:
        ConfigError: naming every unknown, missing and wrong key, with what is allowed.
    """
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} must be a table of keys and values, not {given!r}")
    faults = [_unknown(key, rules) for key in given if key not in rules]
    values: dict[str, Any] = {}
    for key, rule in rules.items():
        if key not in given:
            if rule.default is REQUIRED:
                faults.append(f"{key} is missing ({rule.allowed})")
            values[key] = rule.default
            continue
        try:
            values[key] = rule.take(given[key])
        except (ValueError, TypeError):
            faults.append(f"{key} = {given[key]!r} must be {rule.allowed}")
    if faults:
        raise ConfigError(f"{where}: {'; '.join(faults)}")
    return values


def _unknown(key: str, rules: Mapping[str, Rule]) -> str:
    near = difflib.get_close_matches(key, rules, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(rules)}"
    return f"no key {key!r}, {hint}"
