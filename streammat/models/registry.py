"""Models by name or configuration."""

from __future__ import annotations

from typing import Literal, TypeAlias, overload

from streammat.models.config import RELEASED_NAMES, Backbone, GfmConfig
from streammat.models.decoders import DecoderWidths
from streammat.models.encoders import EfficientNetLite0
from streammat.models.gfm import Gfm
from streammat.models.released import ReleasedGfm
from streammat.models.rim import RimGfm
from streammat.models.rosta import Rosta

DEFAULT_MODEL: Literal["gfm_lite0_tt"] = "gfm_lite0_tt"

GfmNetwork: TypeAlias = Gfm | ReleasedGfm | RimGfm


def model_names() -> list[str]:
    """The default model and the released ones, sorted.

    `create_model` builds any backbone with any representation, not these only.
    """
    return sorted((DEFAULT_MODEL, *RELEASED_NAMES))


@overload
def create_model(name: Literal["gfm_lite0_tt"] = ...) -> Gfm: ...
@overload
def create_model(name: str | GfmConfig) -> GfmNetwork: ...
def create_model(name: str | GfmConfig = DEFAULT_MODEL) -> GfmNetwork:
    """A freshly initialised model; nothing is downloaded and no file is read.

    Args:
        name: e.g. ``gfm_r34_tt``, or a configuration.

    Returns:
        `Gfm` for lite0, `RimGfm` for RIM, else `ReleasedGfm`. Each takes rgb (B, 3, H, W) float32,
        0..255, H and W multiples of 32.

    Raises:
        ConfigError: no such model.
    """
    config = name if isinstance(name, GfmConfig) else GfmConfig.from_name(name)
    if config.backbone is Backbone.LITE0:
        return Gfm(EfficientNetLite0(), DecoderWidths(), config.rosta)
    return RimGfm(config) if config.rosta is Rosta.RIM else ReleasedGfm(config)


def config_of(model: GfmNetwork) -> GfmConfig:
    """The configuration that makes a model of this form."""
    return GfmConfig(Backbone.LITE0, model.rosta) if isinstance(model, Gfm) else model.config
