"""What an engine was built from, as plain data: for reports, metadata and cache keys."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .errors import EngineFileError

__all__ = ["Manifest", "TensorSpec", "file_sha256"]


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape of one named float32 tensor of an engine."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an engine was built from and how it runs.

    Attributes:
        model: file name of the model.
        sha256: of the model file, hexadecimal.
        runtime: name and version, e.g. ``openvino 2026.4.1``.
        device: what the runtime calls it, e.g. ``CPU``.
        precision: arithmetic of the engine, e.g. ``f32``.
        inputs, outputs: what ``submit`` takes, in graph order.
        requests: frames that are computed at the same time.
        threads: threads of all requests together.
        options: what else was set at the runtime.
    """

    model: str
    sha256: str
    runtime: str
    device: str
    precision: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    requests: int
    threads: int
    options: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready copy."""
        return asdict(self)


def file_sha256(path: Path) -> str:
    """SHA-256 of a model file, hexadecimal.

    Raises:
        EngineFileError: the file is missing or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        raise EngineFileError(
            f"model file {path} does not exist: check the path, or name a model that "
            "'streammat models' lists"
        ) from None
    except OSError as error:
        raise EngineFileError(f"model file {path} cannot be read: {error.strerror}") from error
