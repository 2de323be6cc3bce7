"""Errors of the inference engines.

::

    StreammatError
      x EngineError           the engine could not be built, loaded or run      1
          x EngineFileError   the model file is missing, damaged or unsuitable  2
"""

from __future__ import annotations

from streammat_kernels.errors import StreammatError


class EngineError(StreammatError):
    """The engine could not be built, loaded or run."""


class EngineFileError(EngineError):
    """The model file is missing, damaged, or not of the expected form."""

    exit_code = 2
