"""Checkpoints of a run: written whole or not at all, read without unpickling."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from streammat.errors import CheckpointError, ResourceError
from streammat.media.atomic import sync_folder
from streammat.models.state_files import unpickled

FORMAT = 2
LAST = "last.pt"
START = "starting weights"  # settings that checkpoints of earlier versions lack
HELD_OUT = "pictures to validate on"


def write_state(state: Mapping[str, Any], path: Path) -> None:
    """Write a dictionary of tensors and plain values: a crash leaves the old file or the new one.

    Raises:
        ResourceError: the disk is full or refuses; what was at `path` is untouched.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as out:
            torch.save(dict(state), out)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except (OSError, RuntimeError) as error:  # torch hides the system's error behind its own
        cause = error if isinstance(error, OSError) else error.__context__
        reason = getattr(cause, "strerror", None) or str(error).splitlines()[0]
        raise ResourceError(f"cannot write {path}: {reason}") from error
    finally:
        partial.unlink(missing_ok=True)


def read_state(path: Path) -> dict[str, Any]:
    """What `write_state` wrote; a file that holds code is refused, never run.

    Raises:
        CheckpointError: missing, damaged, no checkpoint of a run, or of another format.
    """
    if not path.is_file():
        raise CheckpointError(f"checkpoint {path} does not exist: check the path")
    try:
        state = unpickled(path)
    except Exception as error:  # whatever a damaged archive makes the reader stumble over
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0].split(". ")[0][:120]
        raise CheckpointError(
            f"checkpoint {path} is damaged or holds more than tensors and was not opened "
            f"({reason}): begin again with --overwrite, or take a copy"
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is no checkpoint of a run of this version: begin again with --overwrite, or "
            "pass its weights to --start"
        )
    return state


def random_state() -> dict[str, Any]:
    """The state of torch's generators; samples need none, their draws depend on the step only."""
    return {"cpu": torch.get_rng_state(), "cuda": torch.cuda.get_rng_state_all()}


def restore_random(state: Mapping[str, Any]) -> None:
    """The inverse of `random_state`; generators of devices that are not here are left out."""
    torch.set_rng_state(state["cpu"])
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(state["cuda"])


def weights_digest(model: torch.nn.Module) -> str:
    """Tells weights apart: the first digits of their SHA-256."""
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def check_same_run(saved: Mapping[str, Any], now: Mapping[str, Any], path: Path) -> None:
    """Refuse to go on with another run's checkpoint.

    Raises:
        CheckpointError: naming the settings that differ.
    """
    saved = {**{key: now.get(key) for key in (START, HELD_OUT)}, **saved}
    keys = [key for key in {**saved, **now} if saved.get(key) != now.get(key)]
    if keys:
        shown = "; ".join(
            f"{key} was {_short(saved.get(key))}, is {_short(now.get(key))}" for key in keys[:3]
        )
        raise CheckpointError(
            f"{path} is of a run with other settings ({shown}): use the same ones to go on, "
            "another --out, or --overwrite to begin again"
        )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
