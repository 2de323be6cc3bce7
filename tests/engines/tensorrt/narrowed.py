"""Narrowed networks as ONNX files, quickly: all of their layers, a sixteenth of the channels."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

WIDTH_DIVISOR = 16


def export_narrowed(backbone: str, rosta: str, path: Path) -> Path:
    """The network of this backbone and semantic map as our exporter writes it."""
    from streammat.models import GfmConfig, create_model
    from streammat.models.export import export_onnx

    config: Any = GfmConfig(backbone, rosta, divisor=WIDTH_DIVISOR)  # type: ignore[arg-type]
    with _without_collector():
        export_onnx(create_model(config).eval(), path)
    return path


@contextmanager
def one_size() -> Iterator[None]:
    """Let the exporter keep the batch open only, for 288 x 512: a third of the time.

    Most of it goes into PyTorch's arithmetic with two open sides. A graph that is fixed to this
    size is the same either way, which a test shows.
    """
    import torch

    real = torch.onnx.export

    def export(*given: Any, **options: Any) -> Any:
        rgb, *matrices = options["dynamic_shapes"]
        shapes = ({0: rgb[0]}, *(None for _ in matrices))
        return real(*given, **{**options, "dynamic_shapes": shapes})

    with patch.object(torch.onnx, "export", export):
        yield


@contextmanager
def _without_collector() -> Iterator[None]:
    """Tracing makes millions of objects that live to its end: looking at them costs a third."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
