"""Weight files as dictionaries of tensors: PyTorch's format and safetensors.

Only tensors are read. A PyTorch file is a pickle, and a pickle can hold code; such a file is
refused, never run.
"""

from __future__ import annotations

import errno
import os
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from streammat.errors import (
    CheckpointError,
    OutputError,
    ResourceError,
    StreammatError,
    unwritten,
)

SAFETENSORS = ".safetensors"
_WRAPPERS = ("state_dict", "model")  # names under which training programs put the weights


def read_state(path: Path) -> dict[str, Tensor]:
    """Every tensor of a weight file by its key, on the CPU.

    A wrapping dictionary (``state_dict``, ``model``) and the prefix ``module.`` are taken off.

    Raises:
        CheckpointError: the file is missing, damaged, holds code or other things than tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"weight file {path} does not exist: check the path")
    state = _read_safetensors(path) if path.suffix == SAFETENSORS else _read_torch(path)
    state = _unwrapped(state)
    if not isinstance(state, Mapping) or not state:
        raise CheckpointError(f"weight file {path} holds no dictionary of tensors")
    alien = [key for key, value in state.items() if not isinstance(value, Tensor)]
    if alien:
        raise CheckpointError(
            f"weight file {path}: {alien[0]!r} is {type(state[alien[0]]).__name__}, not a tensor; "
            "pass the file that holds the weights only"
        )
    plain = {str(key).removeprefix("module."): _unboxed(str(key), v) for key, v in state.items()}
    if len(plain) < len(state):
        twice = next(key for key in plain if key in state and f"module.{key}" in state)
        raise CheckpointError(
            f"weight file {path} holds both {twice!r} and 'module.{twice}': which one counts is "
            "open; save the weights of one network"
        )
    return plain


def _unwrapped(state: Any) -> Any:
    """Without the dictionaries around, in whatever order they lie in each other."""
    while isinstance(state, Mapping):
        inner = (state[name] for name in _WRAPPERS if isinstance(state.get(name), Mapping))
        wrapped = next(inner, None)
        if wrapped is None:
            break
        state = wrapped
    return state


def _unboxed(key: str, value: Tensor) -> Tensor:
    """A counter as a scalar: PyTorch before 0.4 and some converters write it as one element."""
    counter = key.endswith("num_batches_tracked") and value.numel() == 1
    return value.reshape(()) if counter else value


def unpickled(path: Path) -> Any:
    """What a file of PyTorch's format holds, on the CPU; code is refused, never run.

    Raises:
        Exception: whatever a damaged archive makes the reader stumble over.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd pickles, which fail or are harmless
        return torch.load(path, map_location="cpu", weights_only=True)


def _read_torch(path: Path) -> Any:
    try:
        return unpickled(path)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"weight file {path} is damaged, or holds more than tensors (code, for example) and "
            "was not opened: get it from its source again, or convert it to safetensors"
        ) from error
    except Exception as error:  # whatever a damaged archive makes the reader stumble over
        raise _refused(path, error) or CheckpointError(
            f"weight file {path} is damaged or no weight file ({_first_line(error)}): get it from "
            "its source again"
        ) from error


def _read_safetensors(path: Path) -> Any:
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except Exception as error:  # its errors are a class of its own, OSError or ValueError
        raise _refused(path, error) or CheckpointError(
            f"weight file {path} is damaged or no safetensors file ({_first_line(error)}): get it "
            "from its source again"
        ) from error


def _refused(path: Path, error: Exception) -> StreammatError | None:
    """What the system refused, which is no fault of the file; None for anything else."""
    text = str(error).lower()
    if isinstance(error, MemoryError) or "allocate memory" in text or "alloc_cpu" in text:
        return ResourceError(
            f"weight file {path}: there is not enough memory to read it; end other programs, or "
            "use a machine with more"
        )
    if isinstance(error, OSError) and error.errno in {errno.EACCES, errno.EPERM, errno.EIO}:
        return CheckpointError(f"weight file {path} cannot be read: {os.strerror(error.errno)}")
    return None


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The notes in the header of a safetensors file; empty for another kind of file."""
    if path.suffix != SAFETENSORS:
        return {}
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        return dict(file.metadata() or {})


def write_torch(state: Mapping[str, Tensor], path: Path) -> None:
    """PyTorch's format; tensors that share memory share it in the file. Atomic."""

    def write(partial: Path) -> None:
        with partial.open("wb") as file:  # else torch does not say what the system refused
            torch.save(state, file)

    _write(path, write)


def write_safetensors(state: Mapping[str, Tensor], path: Path, notes: dict[str, str]) -> None:
    """The safetensors format, which knows no shared memory: pass every tensor once. Atomic."""
    from safetensors.torch import save_file

    tensors = {key: value.detach().contiguous() for key, value in state.items()}
    _write(path, lambda partial: save_file(tensors, partial, {"format": "pt", **notes}))


def _write(path: Path, write: Callable[[Path], None]) -> None:
    """A crash or a full disk leaves the old file or none, never half of one."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.touch()
        rights = partial.stat().st_mode  # of any new file; safetensors gives the owner's alone
        write(partial)
        partial.chmod(rights)
        with partial.open("rb+") as file:
            os.fsync(file.fileno())
        partial.replace(path)
    except Exception as error:  # safetensors has an error of its own
        raise _unwritten(path, error) from error
    finally:
        partial.unlink(missing_ok=True)


def _unwritten(path: Path, error: Exception) -> StreammatError:
    """What the system refused, out of the errors of torch and of Rust's libraries."""
    cause = error if isinstance(error, OSError) else error.__context__
    number = re.search(r"os error (\d+)", str(error))
    if not isinstance(cause, OSError) and number:
        cause = OSError(int(number[1]), os.strerror(int(number[1])))
    if isinstance(cause, OSError):
        return unwritten(path, cause)
    return OutputError(f"{path} cannot be written: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    """The first sentence of a library's message; its kind where that is no sentence."""
    lines = str(error).strip().splitlines()
    sentence = lines[0].partition(". ")[0][:160] if lines else ""
    return sentence if " " in sentence else type(error).__name__
