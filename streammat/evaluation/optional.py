"""SciPy, which only evaluation needs, imported when a metric first asks for it."""

from __future__ import annotations

from typing import Any

from streammat.errors import DependencyError

__all__ = ["ndimage"]


def ndimage() -> Any:
    """``scipy.ndimage``.

    Raises:
        DependencyError: SciPy is not installed.
    """
    try:
        import scipy.ndimage
    except ImportError as error:
        raise DependencyError(
            "metrics need SciPy, an optional extra: pip install 'streammat[eval]'"
        ) from error
    return scipy.ndimage
