"""Libraries of the extra ``[film]``: imported where they are used; a clear line when absent."""

from __future__ import annotations

import importlib
from typing import Any

from streammat.errors import DependencyError

__all__ = ["film_library"]


def film_library(module: str, path: str, purpose: str) -> Any:
    """The module, of the extra ``[film]``.

    Args:
        module: name to import.
        path: the file at hand, for the message.
        purpose: what it is needed for, e.g. "EXR".

    Raises:
        DependencyError: not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DependencyError(
            f"{path}: {purpose} needs {module}: pip install 'streammat[film]'"
        ) from error
