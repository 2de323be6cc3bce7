"""The root of every error that streammat raises on purpose, and those of the kernels.

::

    StreammatError            exit code 1 unless a subclass says otherwise
      x ShapeError            arrays whose shapes, dtypes or layouts do not belong together   2
      x DependencyError       an optional package is missing                                  4
      x DeviceUnavailable     the asked-for device is not there                               4
      x DeviceMemoryError     the device's memory is full                                     5
"""

from __future__ import annotations


class StreammatError(Exception):
    """Base class; ``str(error)`` is one line that says what happened and what to do next."""

    exit_code = 1


class ShapeError(StreammatError, ValueError):
    """Arrays whose shapes, dtypes or memory layouts do not belong together."""

    exit_code = 2


class DependencyError(StreammatError, ImportError):
    """An optional package is missing; the message carries its install line."""

    exit_code = 4


class DeviceUnavailable(StreammatError, RuntimeError):
    """The asked-for device is not there; the message says what is missing."""

    exit_code = 4


class DeviceMemoryError(StreammatError):
    """The device's memory is full; the message says what to make smaller."""

    exit_code = 5
