"""Planes as the kernels want them: padding seen as columns, shapes checked once, buffers made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dispatch import empty
from .errors import ShapeError
from .layout import Family, PixelLayout

__all__ = [
    "Plane",
    "check_planes",
    "chroma_rows",
    "empty_planes",
    "padded",
    "plane_shapes",
    "sample_dtype",
]

Plane = NDArray[np.uint8] | NDArray[np.uint16]

_ROW_ALIGN_BYTES = 64


class _Memory:
    """Lets NumPy see somebody's memory in another shape; ``owner`` keeps that memory alive."""

    __slots__ = ("__array_interface__", "owner")

    def __init__(self, owner: NDArray[Any], shape: tuple[int, ...], offset: int = 0) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "version": 3,
            "typestr": owner.dtype.str,
            "shape": shape,
            "data": (owner.__array_interface__["data"][0] + offset * owner.itemsize, False),
        }


def padded(plane: NDArray[Any], *, output: bool = False) -> NDArray[Any]:
    """The same memory as a C-contiguous (H, stride) array, the padding of the rows included.

    Numba compiles one fast version for C-contiguous arrays; a plane with padded rows is not one,
    its padded view is. Kernels take the view and the width, and never touch columns from the width
    on. The view is always typed writable (a read-only array would be compiled for again), so only
    what was passed with ``output=True`` may be written to.

    Args:
        plane: (H, W) or (H, W, n) array; samples of a row lie side by side, rows may be padded.
        output: the caller will write, so a copy will not do: unsuitable memory is an error.

    Returns:
        A view; of an input with reversed or overlapping rows or scattered samples a compact copy.

    Raises:
        ShapeError: an output that is read-only or whose samples do not lie side by side.
    """
    if output and not plane.flags.writeable:
        raise ShapeError("the output plane is read-only; pass an array that can be written to")
    height = plane.shape[0]
    width = int(np.prod(plane.shape[1:]))
    row_bytes = plane.strides[0] if height > 1 else width * plane.itemsize
    compact = height == 0 or plane[0].flags.c_contiguous
    if not compact or row_bytes < width * plane.itemsize or row_bytes % plane.itemsize:
        if output:
            raise ShapeError(
                f"the output plane has strides {plane.strides}; the samples of a row have to lie "
                "side by side and the rows in order: pass an array with a positive row stride"
            )
        plane = np.ascontiguousarray(plane)
        row_bytes = width * plane.itemsize
    return np.asarray(_Memory(plane, (height, row_bytes // plane.itemsize)))


def sample_dtype(layout: PixelLayout) -> type[np.uint8] | type[np.uint16]:
    """uint8 for 8 bits a sample, else uint16."""
    return np.uint8 if layout.bits + layout.shift == 8 else np.uint16


def plane_shapes(layout: PixelLayout, height: int, width: int) -> tuple[tuple[int, ...], ...]:
    """Shapes of all planes of a ``height`` x ``width`` picture, in their order."""
    luma = (height, width)
    chroma = layout.chroma_size(height, width)
    colour: tuple[tuple[int, ...], ...] = {
        Family.PLANAR: (luma, chroma, chroma),
        Family.SEMIPLANAR: (luma, (*chroma, 2)),
        Family.RGB: (luma, luma, luma),
        Family.GRAY: (luma,),
    }[layout.family]
    return (*colour, luma) if layout.alpha else colour


def empty_planes(
    layout: PixelLayout, height: int, width: int, like: Any = None
) -> tuple[Plane, ...]:
    """Uninitialised planes, rows padded to 64 bytes as FFmpeg pads them.

    ``like`` is an array on the device where they are to lie; None is host memory.
    """
    dtype = sample_dtype(layout)
    shapes = plane_shapes(layout, height, width)
    return tuple(_empty_plane(shape, dtype, like) for shape in shapes)


def _empty_plane(
    shape: tuple[int, ...], dtype: type[np.uint8] | type[np.uint16], like: Any
) -> Plane:
    step = _ROW_ALIGN_BYTES // np.dtype(dtype).itemsize
    samples = int(np.prod(shape[1:]))
    place = np.empty(0) if like is None else like
    rows: NDArray[Any] = empty((shape[0], -(-samples // step) * step), dtype, place)
    return rows[:, :samples].reshape(shape)


def check_planes(
    planes: Sequence[NDArray[Any]], layout: PixelLayout, what: str = "planes"
) -> tuple[int, int]:
    """Height and width of the picture that ``planes`` hold, after checking them against ``layout``.

    Raises:
        ShapeError: count, shape or dtype of the planes does not belong to the layout.
    """
    if not planes or planes[0].ndim != 2 or 0 in planes[0].shape:
        shape = planes[0].shape if planes else ()
        raise ShapeError(f"{what}: the first plane is {shape}; it has to be (H, W), 1x1 or more")
    height, width = planes[0].shape
    shapes = plane_shapes(layout, height, width)
    found = tuple(plane.shape for plane in planes)
    if found != shapes:
        raise ShapeError(
            f"{what}: shapes {found} do not fit {layout.family} {layout.chroma_x}x{layout.chroma_y}"
            f"{' with alpha' if layout.alpha else ''}; expected {shapes}"
        )
    dtype = np.dtype(sample_dtype(layout))
    for plane in planes:
        if plane.dtype != dtype:
            raise ShapeError(
                f"{what}: dtype {plane.dtype}; {layout.bits} bits a sample are stored as {dtype}"
            )
    return int(height), int(width)


def chroma_rows(
    planes: Sequence[NDArray[Any]], layout: PixelLayout, *, output: bool = False
) -> tuple[NDArray[Any], NDArray[Any], int]:
    """Padded Cb and Cr and the distance between samples of a row: 1 planar, 2 semi-planar.

    Sample i of row j is ``u[j, i * step]`` and ``v[j, i * step]`` for every YUV layout.
    """
    u = padded(planes[1], output=output)
    if layout.family is Family.SEMIPLANAR:
        return u, np.asarray(_Memory(u, u.shape, offset=1)), 2
    return u, padded(planes[2], output=output), 1
