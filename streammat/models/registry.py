"""Models by name."""

from __future__ import annotations

from collections.abc import Callable

from streammat.models.decoders import DecoderWidths
from streammat.models.encoders import EfficientNetLite0
from streammat.models.gfm import Gfm
from streammat.models.rosta import Rosta

DEFAULT_MODEL = "gfm_lite0_tt"


def _gfm_lite0_tt() -> Gfm:
    return Gfm(EfficientNetLite0(), DecoderWidths(), Rosta.TT)


_MODELS: dict[str, Callable[[], Gfm]] = {DEFAULT_MODEL: _gfm_lite0_tt}


def model_names() -> list[str]:
    """Names that `create_model` knows, sorted."""
    return sorted(_MODELS)


def create_model(name: str = DEFAULT_MODEL) -> Gfm:
    """A freshly initialised model; nothing is downloaded and no file is read."""
    if name not in _MODELS:
        raise ValueError(f"unknown model {name!r}; known: {', '.join(model_names())}")
    return _MODELS[name]()
