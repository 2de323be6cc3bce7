"""Which GFM network: an encoder, a representation, and how wide it is."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from enum import StrEnum

from streammat.catalogue.released import RELEASED_NAMES
from streammat.errors import ConfigError
from streammat.models.rosta import Rosta

__all__ = ["RELEASED_NAMES", "Backbone", "GfmConfig"]


class UnknownModelError(ConfigError, ValueError):
    """A name that no model has."""


class Backbone(StrEnum):
    """The encoder; the value is the name used in files and on the command line."""

    R34 = "r34"  # ResNet-34
    R34_2B = "r34_2b"  # ResNet-34 from full resolution, two more stages
    R101 = "r101"  # ResNet-101
    D121 = "d121"  # DenseNet-121
    LITE0 = "lite0"  # EfficientNet-Lite0 with depthwise-separable decoders


@dataclass(frozen=True, slots=True)
class GfmConfig:
    """What `create_model` builds.

    Attributes:
        backbone: the encoder.
        rosta: what the glance map means.
        divisor: every channel count is divided by it. 1 is the published width; more makes small
            networks of the same form. A divisor of 64; 1 for lite0.

    Raises:
        ConfigError: a combination that does not exist.
    """

    backbone: Backbone
    rosta: Rosta = Rosta.TT
    divisor: int = 1

    def __post_init__(self) -> None:
        _coerce(self, "backbone", Backbone)
        _coerce(self, "rosta", Rosta)
        if self.divisor < 1 or 64 % self.divisor:
            raise ConfigError(f"divisor {self.divisor}: use 1, 2, 4, 8, 16 or 32, or 64")
        if self.backbone is Backbone.LITE0 and (self.rosta is Rosta.RIM or self.divisor > 1):
            raise ConfigError("lite0 exists as TT, FT and BT in its full width only")

    @property
    def name(self) -> str:
        """E.g. ``gfm_r34_tt``; a narrow network says so: ``gfm_r34_tt_div8``."""
        narrow = f"_div{self.divisor}" if self.divisor > 1 else ""
        return f"gfm_{self.backbone}_{self.rosta.lower()}{narrow}"

    @classmethod
    def from_name(cls, name: str) -> GfmConfig:
        """The inverse of `name`.

        Raises:
            UnknownModelError: no such model; the nearest name is given.
            ConfigError: an impossible width.
        """
        parts = _PARTS.get(name.partition("_div")[0])
        divisor = name.partition("_div")[2]
        if parts is None or (divisor and not divisor.isdecimal()):
            near = difflib.get_close_matches(name, _PARTS, 1, 0.0)
            raise UnknownModelError(
                f"unknown model {name!r}: did you mean {near[0]!r}? known: {', '.join(_PARTS)}"
            )
        return cls(*parts, int(divisor or 1))


def _coerce(config: GfmConfig, field: str, kind: type[Backbone] | type[Rosta]) -> None:
    """Accept the written form of an enum in a frozen dataclass."""
    value = getattr(config, field)
    try:
        object.__setattr__(config, field, kind(value))
    except ValueError:
        raise ConfigError(f"{field} {value!r}: use {', '.join(kind)}") from None


_PARTS = {
    f"gfm_{backbone}_{rosta.lower()}": (backbone, rosta)
    for backbone in Backbone
    for rosta in Rosta
    if (backbone, rosta) != (Backbone.LITE0, Rosta.RIM)
}
