"""Matting networks in PyTorch, for training, export and as the reference of the engines.

Running streammat does not need PyTorch; this package does.
"""

from __future__ import annotations

import importlib.util

if importlib.util.find_spec("torch") is None:
    raise ImportError(
        "streammat.models needs PyTorch, an optional extra: pip install 'streammat[torch]'"
    )

from streammat.models.gfm import Gfm, GfmLogits, GfmOutput
from streammat.models.psp import PspMatrices, matrices_for, psp_matrices
from streammat.models.registry import DEFAULT_MODEL, create_model, model_names
from streammat.models.rosta import Rosta

__all__ = [
    "DEFAULT_MODEL",
    "Gfm",
    "GfmLogits",
    "GfmOutput",
    "PspMatrices",
    "Rosta",
    "create_model",
    "matrices_for",
    "model_names",
    "psp_matrices",
]
