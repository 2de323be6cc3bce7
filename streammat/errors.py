"""Every error of the program in one place; the exit code belongs to the error.

::

    StreammatError                1  our own fault unless a subclass says otherwise
      x InputError                2  bad input or usage
          x MediaError            2  a file that is no video, is damaged or cannot be decoded
          x OutputError           2  an output that must not or cannot be written like this
          x ConfigError           2  a setting that is unknown or out of range
          x CheckpointError       2  a weight file that is damaged or fits no known network
          x DivergedError         2  training came to a loss that is not a number
      x FramesLost                3  the job ended, but frames of the source were lost
      x ShapeError                2  (kernels)
      x DependencyError           4  (kernels) an optional package is missing
      x DeviceUnavailable         4  (kernels) the asked-for device is not there
      x DeviceMemoryError         5  (kernels) the device's memory is full
      x EngineError               1  (engines), EngineFileError 2, EngineDeviceError 4
      x ResourceError             5  disk or memory ran out
      x ProcessLost               1  another process of the run ended; its own error says why
"""

from __future__ import annotations

import errno

from streammat_engines.errors import EngineError, EngineFileError
from streammat_kernels.errors import (
    DependencyError,
    DeviceMemoryError,
    DeviceUnavailable,
    ShapeError,
    StreammatError,
)

__all__ = [
    "DISK_FULL",
    "CheckpointError",
    "ConfigError",
    "DependencyError",
    "DeviceMemoryError",
    "DeviceUnavailable",
    "DivergedError",
    "EngineError",
    "EngineFileError",
    "FramesLost",
    "InputError",
    "MediaError",
    "OutputError",
    "ProcessLost",
    "ResourceError",
    "ShapeError",
    "StreammatError",
    "unwritten",
]

DISK_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_IN_THE_WAY = {errno.EEXIST, errno.ENOTDIR}


class InputError(StreammatError):
    """Bad input or usage."""

    exit_code = 2


class MediaError(InputError):
    """A file that is missing, is no video, is damaged or cannot be decoded."""


class OutputError(InputError):
    """An output that must not be written (exists, is the input) or cannot carry what is asked."""


class ConfigError(InputError):
    """A setting that is unknown or out of range."""


class CheckpointError(InputError):
    """A weight file that is missing, damaged, holds code, or fits no known network."""


class DivergedError(InputError):
    """Training came to a loss that is not a number: odd samples, or rates that are too high."""


class FramesLost(StreammatError):
    """The job ended and its output is usable, but frames of the source could not be decoded."""

    exit_code = 3


class ProcessLost(StreammatError):
    """Another process of a run ended or cannot be reached; what it said tells why."""


class ResourceError(StreammatError):
    """Disk or memory ran out."""

    exit_code = 5


def unwritten(what: object, error: OSError) -> StreammatError:
    """The error to raise where `what`, in words or a path, could not be written.

    A full disk is no fault of the output's name: it becomes a `ResourceError`, else `OutputError`.
    """
    if error.errno in DISK_FULL:
        return ResourceError(f"{what} cannot be written: {error.strerror}; make room, then go on")
    reason, way_out = error.strerror or error, "give another place, or make this one writable"
    if error.errno in _IN_THE_WAY:
        way_out = "a file is where a folder is needed; move it, or give another place"
    return OutputError(f"{what} cannot be written: {reason}; {way_out}")
