"""The models that come with the program or were imported, by name, and files of the user's own.

Every ONNX file has a card (beside a shipped one, same name, ``.json``) that states its hash,
variant, licence and limits. Reading the catalogue imports neither a runtime nor torch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from streammat.catalogue.folder import imported_card, imported_cards, models_folder
from streammat.catalogue.released import RELEASED_NAMES
from streammat.errors import ConfigError, EngineFileError
from streammat.looking import is_file
from streammat_engines.manifest import file_sha256

__all__ = [
    "MERGER",
    "ModelCard",
    "ModelVariant",
    "Variant",
    "find_model",
    "imported_models",
    "shipped_models",
]

WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
_WEIGHT_FILES = (".pth", ".pt", ".ckpt", ".safetensors")
Variant = Literal["tt", "ft", "bt"]
ModelVariant = Literal["tt", "ft", "bt", "rim"]
_DAMAGED = "model card {path} is damaged ({found}): install streammat again"
_DAMAGED_IMPORT = (
    "model card {path} is damaged ({found}): import the model again ('streammat models import FILE "
    "--name {path.parent.name} --overwrite'), or 'streammat models remove {path.parent.name}'"
)
_NOT_A_CARD = (
    "{path} lies beside the model and is no model card ({found}): put the card there that was "
    "exported with the model, or move that file away"
)
MERGER = "merger"  # a card's entry: the merging weights of a RIM network


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What the catalogue knows of a model.

    Attributes:
        name: as given to ``--model``.
        path: of the ONNX file.
        variant: how glance and focus are fused (RoSTa of Li et al., IJCV 2021), rim: all three ways
            and merged; None when the file has no card and its name does not say: three glance
            planes then mean tt.
        sha256: what the file must hash to; without a card it is what the file hashes to now.
        summary: one line.
        licence: one line on what the weights may be used for; empty when unknown.
        details: the whole card.
    """

    name: str
    path: Path
    variant: ModelVariant | None
    sha256: str
    summary: str = ""
    licence: str = ""
    details: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def network(self) -> str:
        """Which network it is, e.g. ``gfm_r34_tt``: as the card says, else the model's name."""
        return str(self.details.get("network") or self.name)

    @property
    def remedy(self) -> str:
        """What to do where the file is damaged, for an error's end."""
        if self.path.resolve().parent == WEIGHTS:
            return "install streammat again"
        if models_folder().resolve() not in self.path.resolve().parents:
            return "get it, and the card beside it, again from where they came"
        source = self.details.get("source")
        kept = self.path.with_suffix(".safetensors")
        file = source.get("file", kept) if isinstance(source, dict) else kept
        return f"import it again: 'streammat models import {file} --name {self.name} --overwrite'"


@cache
def shipped_models(folder: Path = WEIGHTS) -> tuple[ModelCard, ...]:
    """Every model with a card in ``folder``, by name.

    Raises:
        EngineFileError: a card is damaged.
    """
    return tuple(_read_card(path) for path in sorted(folder.glob("*.json")))


def imported_models(notify: Callable[[str], None] = lambda _: None) -> tuple[ModelCard, ...]:
    """Every model that ``streammat models import`` put into the user's folder, by name.

    Args:
        notify: gets a line for each whose card is damaged; such a model is left out.
    """
    found = []
    for path in imported_cards():
        try:
            found.append(_read_card(path, _DAMAGED_IMPORT))
        except EngineFileError as error:
            if is_file(path):  # else another process has just removed it
                notify(str(error))
    return tuple(found)


def find_model(model: str) -> ModelCard:
    """The shipped or imported model of this name, or the ONNX file at this path.

    A card beside the file is used; the file is the one that is named, whatever the card calls it.

    Raises:
        ConfigError: neither a known name nor an ONNX file's path.
        EngineFileError: its card is damaged, or the file is missing.
    """
    for card in shipped_models():
        if card.name == model:
            return card
    if imported := imported_card(model):
        return _read_card(imported, _DAMAGED_IMPORT)
    path = Path(model).expanduser()
    if path.suffix.lower() == ".onnx":
        beside = path.with_suffix(".json")
        if beside.is_file() and path.is_file():
            return replace(_read_card(beside, _NOT_A_CARD), path=path)
        return ModelCard(path.stem, path, _suffix(path), file_sha256(path))
    known = [card.name for card in (*shipped_models(), *imported_models())]
    raise ConfigError(_unknown(model, path, known))


def _unknown(model: str, path: Path, known: Sequence[str]) -> str:
    """What a name stands for that is neither a model's nor an ONNX file's, and what to do."""
    if path.suffix.lower() in _WEIGHT_FILES:
        return (
            f"model {model!r} is a file of weights: 'streammat models import {model}' makes a "
            "model of it, which is used by its name"
        )
    names = ", ".join(known) or "none"
    what = "is a folder" if path.is_dir() else "is no ONNX file" if path.is_file() else "is unknown"
    line = f"model {model!r} {what}: use one of {names}, or the path of an .onnx file"
    if model in RELEASED_NAMES:
        line += f"; 'streammat models show {model}' says where its weights are"
    return line


def _read_card(path: Path, refusal: str = _DAMAGED) -> ModelCard:
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        variant = str(card["variant"]).lower()
        if variant not in get_args(ModelVariant):
            raise ValueError(f"variant {variant!r}")
        return ModelCard(
            name=str(card["name"]),
            path=path.with_name(str(card.get("file", f"{path.stem}.onnx"))),
            variant=cast("ModelVariant", variant),
            sha256=str(card["sha256"]),
            summary=str(card.get("summary", "")),
            licence=str(card.get("licence", "")),
            details=card,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        found = f"{type(error).__name__}: {error}"
        raise EngineFileError(refusal.format(path=path, found=found)) from error


def _suffix(path: Path) -> ModelVariant | None:
    """The variant that a file name like ``gfm_r34_tt.onnx`` states."""
    ending = path.stem.lower().rpartition("_")[2]
    return cast("ModelVariant", ending) if ending in get_args(ModelVariant) else None
