"""The result of a run as files that the rest of streammat takes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from streammat.catalogue.folder import CARD
from streammat.errors import unwritten
from streammat.models import Rosta, config_of, load_checkpoint
from streammat.models.delivery import write_model
from streammat.models.importing import install

LICENCE = "as the data that it was trained on and the weights that it started from allow"


def deliver(weights: Path, folder: Path, name: str, facts: Mapping[str, Any], rosta: Rosta) -> Path:
    """Export trained weights: NAME.onnx, NAME.safetensors and the card NAME.json in `folder`.

    The graph's path is what ``--model`` takes; ``streammat models import`` takes the weights.

    Args:
        weights: a state dictionary, e.g. the run's ``best.pt``.
        folder: for the files.
        name: of the model.
        facts: of the run, for the card.
        rosta: of the network; the keys of FT and BT are the same.

    Returns:
        The graph's path.

    Raises:
        CheckpointError: the weights are damaged.
        OutputError, ResourceError: a file cannot be written; the disk is full.
    """
    model = load_checkpoint(weights, rosta=rosta)
    base = {"summary": f"{config_of(model).name}, trained by streammat", "licence": LICENCE}
    try:
        return write_model(folder, name, model, f"{name}.json", {**base, **facts})
    except OSError as error:
        raise unwritten(f"the model in {folder}", error) from error


def register(graph: Path, name: str, *, overwrite: bool) -> None:
    """Make a delivered model usable by name, as ``streammat models import`` does.

    Raises:
        OutputError: the name is taken, or the folder cannot be written.
        ResourceError: the disk is full.
    """

    def fill(folder: Path) -> None:
        for path in (graph, graph.with_suffix(".safetensors")):
            shutil.copyfile(path, folder / path.name)
        shutil.copyfile(graph.with_suffix(".json"), folder / CARD)

    install(name, fill, overwrite)
