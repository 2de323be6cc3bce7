"""What a run leaves to read: JSON lines, TensorBoard events and pictures.

Written by the first process only. After a crash, lines of steps that will be repeated are removed,
so that every step stands once.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from streammat.errors import DependencyError
from streammat.training.cache import Bytes

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

LOG = "log.jsonl"
PICTURES = "pictures"


class Journal:
    """Appends to `folder`.

    Args:
        folder: of the run.
        step: at which the run goes on; what was logged of later steps is removed.
        tensorboard: write events to `folder`/tensorboard too.

    Raises:
        DependencyError: TensorBoard is asked for and not installed.
    """

    def __init__(self, folder: Path, step: int = 0, *, tensorboard: bool = False) -> None:
        self._folder, self._log = folder, folder / LOG
        _keep_until(self._log, step)
        self._events = _open_events(folder / "tensorboard", step) if tensorboard else None

    def losses(self, step: int, seconds: float, values: Mapping[str, float]) -> None:
        """The losses of a step, its gradient norm and rates."""
        self._write({"step": step, "seconds": round(seconds, 1), **values})
        self._plot("train", step, values)

    def validation(self, step: int, seconds: float, errors: Mapping[str, float]) -> None:
        """Mean absolute errors by source."""
        rounded = {source: round(error, 5) for source, error in errors.items()}
        self._write({"step": step, "seconds": round(seconds, 1), "validation": rounded})
        self._plot("validation", step, errors)

    def picture(self, step: int, rgb: Bytes) -> None:
        """A contact sheet (H, W, 3) of validation results."""
        folder = self._folder / PICTURES
        folder.mkdir(exist_ok=True)
        done, data = cv2.imencode(".png", np.ascontiguousarray(rgb[..., ::-1]))
        assert done
        path = folder / f"{step:07d}.png"
        partial = path.with_name(f".{path.name}.partial")
        try:
            partial.write_bytes(data.tobytes())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        if self._events is not None:
            self._events.add_image("validation", rgb, step, dataformats="HWC")

    def close(self) -> None:
        """Flush the events."""
        if self._events is not None:
            self._events.close()

    def _write(self, record: Mapping[str, Any]) -> None:
        with self._log.open("a", encoding="utf-8") as out:
            out.write(json.dumps(_plain(record), allow_nan=False) + "\n")

    def _plot(self, group: str, step: int, values: Mapping[str, float]) -> None:
        if self._events is not None:
            for name, value in values.items():
                self._events.add_scalar(f"{group}/{name}", value, step)


def _plain(value: Any) -> Any:
    """JSON has no infinite numbers; the norm of fp16's gradients may be one."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a log; a last line that a crash cut off is left out."""
    records = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records


def _keep_until(path: Path, step: int) -> None:
    records = read_log(path)
    kept = [record for record in records if record.get("step", 0) <= step]
    if path.is_file():
        partial = path.with_name(f".{path.name}.partial")
        partial.write_text("".join(f"{json.dumps(record)}\n" for record in kept), encoding="utf-8")
        partial.replace(path)


def _open_events(folder: Path, step: int) -> SummaryWriter:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise DependencyError(
            "TensorBoard is missing: pip install 'streammat[train]', or leave it out with "
            "--no-tensorboard"
        ) from error
    return SummaryWriter(str(folder), purge_step=step + 1)
