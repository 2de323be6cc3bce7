"""Matting networks in PyTorch, for training, export and as the reference of the engines.

Running streammat does not need PyTorch; this package does.
"""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("torch") is None:
    raise ImportError(
        "streammat.models needs PyTorch, an optional extra: pip install 'streammat[torch]'"
    )

from streammat.models.config import RELEASED_NAMES, Backbone, GfmConfig
from streammat.models.gfm import Gfm, GfmLogits, GfmOutput
from streammat.models.psp import PspMatrices, matrices_for, psp_matrices
from streammat.models.registry import (
    DEFAULT_MODEL,
    GfmNetwork,
    config_of,
    create_model,
    model_names,
)
from streammat.models.released import ReleasedGfm
from streammat.models.rim import RimGfm, RimOutput
from streammat.models.rosta import Rosta
from streammat.models.weight_files import load_checkpoint, save_checkpoint

__all__ = [
    "DEFAULT_MODEL",
    "RELEASED_NAMES",
    "Backbone",
    "Gfm",
    "GfmConfig",
    "GfmLogits",
    "GfmNetwork",
    "GfmOutput",
    "PspMatrices",
    "ReleasedGfm",
    "RimGfm",
    "RimOutput",
    "Rosta",
    "config_of",
    "create_model",
    "load_checkpoint",
    "matrices_for",
    "model_names",
    "psp_matrices",
    "save_checkpoint",
]
