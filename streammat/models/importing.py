"""Put a weight file into the user's models: recognised, exported, described, all or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from streammat.catalogue.cards import ModelCard, find_model, shipped_models
from streammat.catalogue.folder import CARD, model_folder, partial_folder, put_folder
from streammat.catalogue.released import RELEASED_NAMES, SOURCE
from streammat.errors import OutputError, unwritten
from streammat.models.delivery import write_model
from streammat.models.registry import GfmNetwork, config_of
from streammat.models.rosta import Rosta
from streammat.models.weight_files import load_checkpoint
from streammat_engines.manifest import file_sha256

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
        ResourceError: the disk is full.
    """
    if name is not None:
        free_folder(name, overwrite=overwrite)
    model = load_checkpoint(path, rosta=rosta)
    name = name or config_of(model).name
    return install(name, lambda folder: _fill(folder, name, model, path, licence), overwrite)


def install(name: str, fill: Callable[[Path], None], overwrite: bool = False) -> ModelCard:
    """Make a model usable by name, all or nothing.

    Args:
        name: of the model.
        fill: writes its files and the card (`streammat.catalogue.folder.CARD`) into a folder.
        overwrite: replace an imported model of this name.

    Raises:
        OutputError: the name is taken, or the folder cannot be written.
        ResourceError: the disk is full.
    """
    target = free_folder(name, overwrite=overwrite)
    partial = partial_folder(target)
    try:
        partial.mkdir(parents=True)
        fill(partial)
        put_folder(partial, target)  # only now, when the new one is whole
    except OSError as error:
        raise unwritten(target, error) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return find_model(name)


def free_folder(name: str, *, overwrite: bool = False) -> Path:
    """The folder that a model of this name will have.

    Raises:
        ConfigError: a name that cannot be.
        OutputError: it is taken, by a shipped model or, without ``overwrite``, an imported one.
    """
    target = model_folder(name)
    if any(card.name == name for card in shipped_models()):
        raise OutputError(f"model name {name!r} is that of a shipped model: choose another --name")
    if target.exists() and not overwrite:
        raise OutputError(f"model {name!r} is imported already: choose another --name, --overwrite")
    return target


def _fill(folder: Path, name: str, model: GfmNetwork, source: Path, licence: str) -> None:
    """Graph, weights and, last, the card."""
    network = config_of(model).name
    facts = {
        "summary": f"{network}, imported from {source.name}",
        "licence": licence,
        "source": {
            "file": source.name,
            "sha256": file_sha256(source),
            "bytes": source.stat().st_size,
            "released": SOURCE if network in RELEASED_NAMES else None,
        },
        "imported": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_model(folder, name, model, CARD, facts)
