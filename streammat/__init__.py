"""streammat: a clip goes in; a clean alpha, a decontaminated foreground or a composite comes out.

>>> import streammat                                        # doctest: +SKIP
>>> for m in streammat.open("in.mp4").matte():              # doctest: +SKIP
...     m.alpha, m.pts
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streammat.api import Clip, create_matter, open
    from streammat.errors import StreammatError
    from streammat.settings import MatteSettings
    from streammat.types import Frame, Matte, StreamInfo

__version__ = "0.1.0"
__all__ = [
    "Clip",
    "Frame",
    "Matte",
    "MatteSettings",
    "StreamInfo",
    "StreammatError",
    "__version__",
    "create_matter",
    "open",
]

_HOMES = {
    "Clip": "api",
    "create_matter": "api",
    "open": "api",
    "StreammatError": "errors",
    "MatteSettings": "settings",
    "Frame": "types",
    "Matte": "types",
    "StreamInfo": "types",
}


def __getattr__(name: str) -> Any:
    """Load a public name where it is first used, so that importing the package costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
