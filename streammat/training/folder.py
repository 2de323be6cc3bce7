"""The folder of a run: what the run writes there, what may be taken away, and what must not."""

from __future__ import annotations

import re
from pathlib import Path

from streammat.errors import ConfigError, unwritten
from streammat.training.checkpoint import LAST
from streammat.training.journal import LOG, PICTURES
from streammat.training.trainer import AVERAGE, BAD_BATCH, BEST

__all__ = [
    "RESULT",
    "allow_replacing",
    "check_folder",
    "clear",
    "end_replacing",
    "may_replace",
]

RESULT = "run.json"
_REPLACES = ".replaces"  # names the model that the run may replace
_WEIGHTS = (LAST, BEST, AVERAGE)
_TELLING = (*_WEIGHTS, LOG, RESULT)  # where one of these lies, a run was at work
_SHEET = re.compile(r"\d{7,}\.png")


def check_folder(out: Path, start: str | None, encoder: Path | None) -> None:
    """Refuse a folder in which the run would write over what it did not make, or begins from.

    Args:
        out: of the run; need not exist.
        start, encoder: weights that it starts from, a model's name or a file.

    Raises:
        ConfigError: as said.
    """
    own = {(out / name).resolve() for name in _WEIGHTS}
    for given in (start, encoder):
        if given is not None and Path(given).expanduser().resolve() in own:
            raise ConfigError(
                f"{given}: a run in {out} writes this file itself and cannot begin with it; copy "
                "it elsewhere, or give another --out"
            )
    if sheets := [] if _holds_run(out) else _sheets(out):
        raise ConfigError(
            f"--out {out}: {sheets[0]} was made by no run that is still there, and this one "
            "would write files of such names; give another --out"
        )


def clear(out: Path) -> None:
    """Remove what a run left in its folder, and nothing else.

    Raises:
        OutputError: a file cannot be removed.
    """
    if not _holds_run(out):
        return
    events = (out / "tensorboard").glob("events.*")
    batches = out.glob(f"{Path(BAD_BATCH).stem}*.pt")
    files = [out / name for name in (*_TELLING, _REPLACES)]
    try:
        for path in [*_sheets(out), *events, *batches, *files]:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise unwritten(f"--out {out}", error) from error


def allow_replacing(out: Path, name: str) -> None:
    """Note in a run's folder that the model of this name may be replaced, also by going on.

    Raises:
        OutputError, ResourceError: it cannot be written.
    """
    try:
        (out / _REPLACES).write_text(name, encoding="utf-8")
    except OSError as error:
        raise unwritten(f"--out {out}", error) from error


def may_replace(out: Path, name: str) -> bool:
    """Whether the run in this folder was begun with leave to replace the model of this name."""
    note = out / _REPLACES
    return note.is_file() and note.read_text(encoding="utf-8") == name


def end_replacing(out: Path) -> None:
    """The model was replaced: what comes now needs leave of its own."""
    (out / _REPLACES).unlink(missing_ok=True)


def _holds_run(out: Path) -> bool:
    return any((out / name).is_file() for name in _TELLING)


def _sheets(out: Path) -> list[Path]:
    return sorted(path for path in (out / PICTURES).glob("*.png") if _SHEET.fullmatch(path.name))
