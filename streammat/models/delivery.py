"""A network as the files that the rest of streammat takes: graph, weights and card."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streammat.catalogue.cards import MERGER
from streammat.models.export import OPSET, export_onnx
from streammat.models.registry import GfmNetwork, config_of
from streammat.models.rim import RimGfm
from streammat.models.weight_files import save_checkpoint
from streammat_engines.manifest import file_sha256


def write_model(
    folder: Path, name: str, model: GfmNetwork, card: str, facts: Mapping[str, Any]
) -> Path:
    """Write NAME.onnx, NAME.safetensors and, last, the card.

    Args:
        folder: it exists.
        name: of the model.
        model: is not changed.
        card: the card's file name.
        facts: for the card, beside those that the files show; at least summary and licence.

    Returns:
        The graph's path.

    Raises:
        OSError: a file cannot be written (OutputError for the weights).
    """
    graph, weights = folder / f"{name}.onnx", folder / f"{name}.safetensors"
    export_onnx(model, graph, half=False)
    save_checkpoint(model, weights)
    config = config_of(model)
    content = {
        "name": name,
        "file": graph.name,
        "summary": "",
        "variant": str(config.rosta),
        **_merger(model),
        "sha256": file_sha256(graph),
        "bytes": graph.stat().st_size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "format": f"ONNX opset {OPSET}, FP32",
        "network": config.name,
        "weights": {"file": weights.name, "sha256": file_sha256(weights)},
        **facts,
    }
    partial = folder / f".{card}.partial"
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(folder / card)
    finally:
        partial.unlink(missing_ok=True)  # of a full disk
    return graph


def _merger(model: GfmNetwork) -> dict[str, Any]:
    """RIM's merging network, whose few numbers are no part of the graph."""
    if not isinstance(model, RimGfm):
        return {}
    return {MERGER: {name: array.tolist() for name, array in model.merger()._asdict().items()}}
