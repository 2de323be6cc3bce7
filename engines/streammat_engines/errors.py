"""Errors of the inference engines.

::

    StreammatError
      x EngineError           the engine could not be built, loaded or run      1
          x EngineFileError   the model file is missing, damaged or unsuitable  2
          x EngineRefused     an engine that is not accurate enough             2
          x EngineMemoryError the device's memory is too small for it           5
"""

from __future__ import annotations

from streammat_kernels.errors import StreammatError


class EngineError(StreammatError):
    """The engine could not be built, loaded or run."""


class EngineFileError(EngineError):
    """The model file is missing, damaged, or not of the expected form."""

    exit_code = 2


class EngineRefused(EngineError):
    """The engine was built, but is less accurate than its limits allow; nothing was kept."""

    exit_code = 2


class EngineMemoryError(EngineError):
    """The device's memory is too small for the engine or its buffers."""

    exit_code = 5
