"""Errors of the inference engines.

::

    StreammatError
      x EngineError           the engine could not be built, loaded or run      1
          x EngineFileError   the model file is missing, damaged or unsuitable  2
          x EngineRefused     an engine that is not accurate enough             2
          x EngineMemoryError the device's memory is too small for it           5
          x EngineDeviceError the driver or the device does not go with it      4
"""

from __future__ import annotations

from streammat_kernels.errors import DeviceMemoryError, DeviceUnavailable, StreammatError


class EngineError(StreammatError):
    """The engine could not be built, loaded or run."""


class EngineFileError(EngineError):
    """The model file is missing, damaged, or not of the expected form."""

    exit_code = 2


class EngineRefused(EngineError):
    """The engine was built, but is less accurate than its limits allow; nothing was kept."""

    exit_code = 2


class EngineMemoryError(EngineError, DeviceMemoryError):
    """The device's memory is too small for the engine or its buffers."""

    exit_code = 5


class EngineDeviceError(EngineError, DeviceUnavailable):
    """The driver, or the device itself, does not go with the runtime that builds or runs it."""

    exit_code = 4
