"""Torch tensors and CuPy arrays share memory by DLPack; nothing is copied."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np

from .compile import INSTALL
from .errors import DependencyError, ShapeError

__all__ = ["as_array", "cupy_stream", "on_their_device"]


def as_array(tensor: Any) -> Any:
    """The memory of a torch tensor as a NumPy (CPU) or CuPy (CUDA) array; others as they are.

    Raises:
        ShapeError: a tensor that needs gradients, or lies on another kind of device.
        DependencyError: a CUDA tensor, but no CuPy.
    """
    if type(tensor).__module__.partition(".")[0] != "torch" or not hasattr(tensor, "__dlpack__"):
        return tensor
    if tensor.requires_grad:
        raise ShapeError(
            "a tensor that requires gradients was given to an op without any; pass tensor.detach() "
            "or use streammat_kernels.gradients"
        )
    if tensor.device.type == "cpu":
        return np.from_dlpack(tensor)
    if tensor.device.type != "cuda":
        raise ShapeError(f"a tensor lies on {tensor.device}; cpu and cuda are allowed")
    return _cupy().from_dlpack(tensor)


def on_their_device(op: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """Call ``op`` with arrays for tensors, on their device and their library's current stream."""
    tensors: list[tuple[Any, Any]] = []
    with ExitStack() as stack:
        _enter(stack, [*args, *kwargs.values()])
        arrays = [_converted(value, tensors) for value in args]
        named = {name: _converted(value, tensors) for name, value in kwargs.items()}
        return _given_back(op(*arrays, **named), tensors)


def _converted(value: Any, tensors: list[tuple[Any, Any]]) -> Any:
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return type(value)(_converted(item, tensors) for item in value)
    array = as_array(value)
    if array is not value:
        tensors.append((array, value))
    return array


def _given_back(result: Any, tensors: list[tuple[Any, Any]]) -> Any:
    """The caller's own tensors; arrays made for a caller of tensors become tensors."""
    if not tensors:
        return result
    if isinstance(result, list | tuple):
        items = [_given_back(item, tensors) for item in result]
        return type(result)(*items) if hasattr(result, "_fields") else type(result)(items)
    for array, tensor in tensors:
        if result is array:
            return tensor
    if not hasattr(result, "__dlpack__"):
        return result
    import torch

    return torch.utils.dlpack.from_dlpack(result)


def _enter(stack: ExitStack, values: list[Any]) -> None:
    """Make the device of the first GPU array current, and torch's stream if it is a tensor."""
    for value in values:
        if isinstance(value, list | tuple):
            _enter(stack, list(value))
        elif hasattr(value, "__dlpack_device__") and value.__dlpack_device__()[0] not in {1, 3}:
            cupy, number = _cupy(), value.__dlpack_device__()[1]
            stack.enter_context(cupy.cuda.Device(number))
            if type(value).__module__.partition(".")[0] == "torch":
                import torch

                stream = cupy_stream(torch.cuda.current_stream(number).cuda_stream)
                stack.enter_context(stream)
            return


class _Foreign:
    """A stream of another library, by the CUDA stream protocol."""

    def __init__(self, pointer: int) -> None:
        self._pointer = pointer

    def __cuda_stream__(self) -> tuple[int, int]:
        return 0, self._pointer


def cupy_stream(pointer: int) -> Any:
    """CuPy's view of another library's stream, of the device that is current when it is used.

    Args:
        pointer: its ``cudaStream_t``; whoever made it keeps it alive.
    """
    cuda = _cupy().cuda
    if hasattr(cuda.Stream, "from_external"):  # from 14 on, where ExternalStream is deprecated
        return cuda.Stream.from_external(_Foreign(pointer))
    return cuda.ExternalStream(pointer)


def _cupy() -> Any:
    try:
        import cupy
    except ImportError as error:
        raise DependencyError(
            f"arrays on a GPU need CuPy, which is not installed; {INSTALL}"
        ) from error
    return cupy
