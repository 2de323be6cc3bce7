"""Put a weight file into the user's models: recognised, exported, described, all or nothing."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streammat.catalogue.cards import MERGER, ModelCard, find_model, shipped_models
from streammat.catalogue.folder import CARD, model_folder, remove_folder
from streammat.catalogue.released import RELEASED_NAMES, SOURCE
from streammat.errors import OutputError
from streammat.models.export import OPSET, export_onnx
from streammat.models.registry import GfmNetwork, config_of
from streammat.models.rim import RimGfm
from streammat.models.rosta import Rosta
from streammat.models.weight_files import load_checkpoint, save_checkpoint

LICENCE = (
    "as the source of the file says; the weights that the authors of GFM released are under the "
    f"MIT licence ({SOURCE})"
)


def import_weights(
    path: Path,
    name: str | None = None,
    *,
    rosta: Rosta | str | None = None,
    licence: str = LICENCE,
    overwrite: bool = False,
) -> ModelCard:
    """Make a weight file usable by name.

    Args:
        path: of a released checkpoint, or any that `load_checkpoint` takes.
        name: None takes the network's, e.g. ``gfm_r34_tt``.
        rosta: FT or BT, where neither keys nor name of the file say.
        licence: kept in the card.
        overwrite: replace an imported model of this name.

    Raises:
        CheckpointError: the file is damaged or fits no known network.
        ConfigError: a name that cannot be.
        OutputError: the name is taken, or the folder cannot be written.
    """
    if name is not None:
        _refuse_taken(name, overwrite)
    model = load_checkpoint(path, rosta=rosta)
    name = name or config_of(model).name
    target = _refuse_taken(name, overwrite)
    partial = target.with_name(f".import-{os.getpid()}-{name}")
    try:
        partial.mkdir(parents=True)
        _fill(partial, name, model, path, licence)
        if target.exists():
            remove_folder(target)
        partial.rename(target)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return find_model(name)


def _refuse_taken(name: str, overwrite: bool) -> Path:
    target = model_folder(name)
    if any(card.name == name for card in shipped_models()):
        raise OutputError(f"model name {name!r} is that of a shipped model: choose another --name")
    if target.exists() and not overwrite:
        raise OutputError(f"model {name!r} is imported already: choose another --name, --overwrite")
    return target


def _fill(folder: Path, name: str, model: GfmNetwork, source: Path, licence: str) -> None:
    """Graph, weights and, last, the card."""
    graph, weights = folder / f"{name}.onnx", folder / f"{name}.safetensors"
    export_onnx(model, graph, half=False)
    save_checkpoint(model, weights)
    card = _card(name, model, graph, weights, source, licence)
    text = json.dumps(card, indent=1, ensure_ascii=False) + "\n"
    (folder / CARD).write_text(text, encoding="utf-8")


def _card(
    name: str, model: GfmNetwork, graph: Path, weights: Path, source: Path, licence: str
) -> dict[str, Any]:
    config = config_of(model)
    return {
        "name": name,
        "file": graph.name,
        "summary": f"{config.name}, imported from {source.name}",
        "variant": str(config.rosta),
        **_merger(model),
        "sha256": _sha256(graph),
        "bytes": graph.stat().st_size,
        "parameters": sum(p.numel() for p in model.parameters()),
        "format": f"ONNX opset {OPSET}, FP32",
        "licence": licence,
        "network": config.name,
        "weights": {"file": weights.name, "sha256": _sha256(weights)},
        "source": {
            "file": source.name,
            "sha256": _sha256(source),
            "bytes": source.stat().st_size,
            "released": SOURCE if config.name in RELEASED_NAMES else None,
        },
        "imported": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _merger(model: GfmNetwork) -> dict[str, Any]:
    """RIM's merging network, whose few numbers are no part of the graph."""
    if not isinstance(model, RimGfm):
        return {}
    return {MERGER: {name: array.tolist() for name, array in model.merger()._asdict().items()}}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
