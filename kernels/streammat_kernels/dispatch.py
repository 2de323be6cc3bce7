"""Which backend an op runs on: that of the arrays it was given. Tensors are seen as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from importlib import import_module
from inspect import signature
from typing import Any, ParamSpec, TypeVar

import numpy as np

from . import runtime
from .errors import ShapeError

__all__ = ["backend", "empty", "is_cuda", "takes_any_array"]

P = ParamSpec("P")
R = TypeVar("R")


def is_cuda(array: Any) -> bool:
    """Whether an array lies on a GPU (CuPy) rather than in host memory (NumPy)."""
    return not isinstance(array, np.ndarray) or runtime.stand_in is not None


def backend(package: str, array: Any, host: str = "cpu") -> Any:
    """``package.cuda`` for arrays on a GPU, ``package.host`` for NumPy, imported when used."""
    return import_module(f"{package}.{'cuda' if is_cuda(array) else host}")


def empty(shape: tuple[int, ...], dtype: Any, like: Any) -> Any:
    """An uninitialised array where ``like`` lies."""
    if is_cuda(like):
        return runtime.runtime_of(like).empty(shape, dtype)
    return np.empty(shape, dtype)


def takes_any_array(op: Callable[P, R]) -> Callable[P, R]:
    """Let an op take NumPy and CuPy arrays and torch tensors, all of one device.

    Tensors are passed on without a copy (DLPack) and given back as they came. An op on a GPU runs
    on the current stream of the arrays' library, with the arrays' device current.
    """

    @wraps(op)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if all(_is_plain(value) for value in (*args, *kwargs.values())):
            return op(*args, **kwargs)
        from .interop import on_their_device

        _check_one_device(op, args, kwargs)
        result: R = on_their_device(op, args, kwargs)
        return result

    return call


def _is_plain(value: Any) -> bool:
    """Whether nothing but NumPy is in it, told without importing another library."""
    if isinstance(value, list | tuple):
        return all(_is_plain(item) for item in value)
    return type(value).__module__.partition(".")[0] not in {"torch", "cupy"}


def _arrays(value: Any) -> Iterator[Any]:
    """Arrays that an op works on; a named tuple holds settings, which stay in host memory."""
    if isinstance(value, list | tuple):
        if hasattr(value, "_fields"):
            return
        for item in value:
            yield from _arrays(item)
    elif hasattr(value, "__dlpack__") and not isinstance(value, np.generic):
        yield value


def _check_one_device(op: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> None:
    found: tuple[str, str] | None = None
    for name, value in signature(op).bind(*args, **kwargs).arguments.items():
        for array in _arrays(value):
            place = _place(array)
            if found is not None and place != found[1]:
                raise ShapeError(
                    f"{name} lies on {place}, {found[0]} on {found[1]}; all arrays of a call have "
                    "to lie on one device: move one of them first"
                )
            found = found or (name, place)


def _place(array: Any) -> str:
    kind, number = array.__dlpack_device__()
    return "the CPU" if kind in {1, 3} else f"cuda:{number}"
