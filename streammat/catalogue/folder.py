"""Where the user's imported models lie: a folder each, which appears and goes as a whole.

NAME/card.json states what the model is, NAME/NAME.onnx is what runs, NAME/NAME.safetensors holds
the weights as they were imported.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import platformdirs

from streammat.errors import ConfigError
from streammat.hidden import clear_dead, hidden_name
from streammat.looking import is_file

__all__ = [
    "CARD",
    "checked_name",
    "imported_card",
    "imported_cards",
    "model_folder",
    "models_folder",
    "partial_folder",
    "put_folder",
    "remove_folder",
]

CARD = "card.json"
ENVIRONMENT = "STREAMMAT_MODELS_DIR"
_ENDINGS = (".onnx", ".pt", ".pth", ".safetensors")  # of files, which names must not be taken for
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


def models_folder() -> Path:
    """The user's data folder, or what STREAMMAT_MODELS_DIR names; it need not exist."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_data_path("streammat", appauthor=False) / "models"


def checked_name(name: str) -> str:
    """A name that can be a folder's.

    Raises:
        ConfigError: it cannot.
    """
    if not _NAME.fullmatch(name) or name.endswith(_ENDINGS):
        raise ConfigError(
            f"model name {name!r}: use small letters, digits, '_', '-' and '.', at most 64, "
            f"beginning with a letter or digit, not ending in {', '.join(_ENDINGS)}"
        )
    return name


def model_folder(name: str) -> Path:
    """The folder of one imported model."""
    return models_folder() / checked_name(name)


def imported_card(name: str) -> Path | None:
    """The card of the imported model of this name; None without one."""
    card = models_folder() / name / CARD
    return card if _NAME.fullmatch(name) and is_file(card) else None


def imported_cards() -> list[Path]:
    """The cards of all imported models, by name; none where the folder may not be looked into."""
    try:
        return sorted(models_folder().glob(f"[!.]*/{CARD}"))
    except OSError:
        return []


def remove_folder(folder: Path) -> None:
    """Remove a model's folder; it is renamed first, so that no half of it can be found by name.

    Raises:
        OSError: it cannot be renamed, or not be emptied, but is not found by name any more.
    """
    shutil.rmtree(_moved_away(folder))


def put_folder(whole: Path, folder: Path) -> None:
    """Give a model's whole folder its name, in place of the old one where there is one.

    What cannot be removed of the old one stays under a hidden name.

    Raises:
        OSError: it cannot be renamed; the old one has its name then.
    """
    old = _moved_away(folder) if folder.exists() else None
    try:
        whole.rename(folder)
    except BaseException:
        if old is not None:
            old.rename(folder)
        raise
    if old is not None:
        shutil.rmtree(old, ignore_errors=True)
    # Only now: what was moved away may have been the last whole one.
    for left in ("import", "removed"):
        clear_dead(folder.parent, f"{left}-{folder.name}")


def partial_folder(folder: Path) -> Path:
    """A free hidden name beside a model's folder for one that is not yet whole."""
    return _free(folder, "import")


def _moved_away(folder: Path) -> Path:
    return folder.rename(_free(folder, "removed"))


def _free(folder: Path, use: str) -> Path:
    """A hidden name of this process; threads do not share a model's name."""
    path = folder.with_name(hidden_name(f"{use}-{folder.name}", 0))
    shutil.rmtree(path, ignore_errors=True)  # of an earlier process of this number
    return path
