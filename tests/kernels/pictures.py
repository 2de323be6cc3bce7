"""Small generated pictures in any layout, in padded and poisoned memory, for the kernel tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat_kernels.layout import Colour, Family, Matrix, PixelLayout, Siting
from streammat_kernels.planes import plane_shapes, sample_dtype

YUV_LAYOUTS = (
    PixelLayout(Family.PLANAR, 2, 2, 8),
    PixelLayout(Family.PLANAR, 2, 2, 10),
    PixelLayout(Family.PLANAR, 2, 1, 8),
    PixelLayout(Family.PLANAR, 2, 1, 12),
    PixelLayout(Family.PLANAR, 1, 2, 8),
    PixelLayout(Family.PLANAR, 1, 2, 14),
    PixelLayout(Family.PLANAR, 1, 1, 9),
    PixelLayout(Family.PLANAR, 1, 1, 16),
    PixelLayout(Family.PLANAR, 1, 1, 12, alpha=True),
    PixelLayout(Family.SEMIPLANAR, 2, 2, 8),
    PixelLayout(Family.SEMIPLANAR, 2, 2, 10, shift=6),
    PixelLayout(Family.SEMIPLANAR, 2, 2, 16),
    PixelLayout(Family.SEMIPLANAR, 2, 1, 10, shift=6),
)
OTHER_LAYOUTS = (
    PixelLayout(Family.RGB, 1, 1, 8),
    PixelLayout(Family.RGB, 1, 1, 10),
    PixelLayout(Family.RGB, 1, 1, 16, alpha=True),
    PixelLayout(Family.GRAY, 1, 1, 8),
    PixelLayout(Family.GRAY, 1, 1, 12, alpha=True),
)
LAYOUTS = YUV_LAYOUTS + OTHER_LAYOUTS
COLOURS = tuple(
    Colour(matrix, full_range, siting)
    for matrix, full_range, siting in (
        (Matrix.BT601, False, Siting.LEFT),
        (Matrix.BT601, True, Siting.CENTER),
        (Matrix.BT709, False, Siting.LEFT),
        (Matrix.BT709, True, Siting.TOPLEFT),
        (Matrix.BT2020, False, Siting.TOPLEFT),
        (Matrix.BT2020, True, Siting.LEFT),
    )
)
SIZES = ((1, 1), (1, 6), (5, 1), (2, 2), (7, 9), (16, 34))

_PAD_ROWS, _PAD_COLUMNS = 2, 7
_POISON = 0xA5


def name(layout: PixelLayout) -> str:
    """A readable id for parametrised tests."""
    alpha = "a" if layout.alpha else ""
    sub = f"{layout.chroma_x}{layout.chroma_y}"
    return f"{layout.family}{sub}{alpha}-{layout.bits}s{layout.shift}"


def colour_name(colour: Colour) -> str:
    """A readable id for parametrised tests."""
    return f"{colour.matrix}-{'full' if colour.full_range else 'limited'}-{colour.siting}"


@dataclass
class Framed:
    """An array inside a larger poisoned one, so that a write outside shows."""

    whole: NDArray[Any]
    inside: NDArray[Any]

    def untouched(self) -> bool:
        """Whether every sample around ``inside`` still has the poison in it."""
        probe = self.whole.copy()
        rows, columns = self.inside.shape[-2:]
        probe[..., _PAD_ROWS : _PAD_ROWS + rows, _PAD_COLUMNS : _PAD_COLUMNS + columns] = poison(
            self.whole.dtype
        )
        return bool((probe.view(np.uint8) == _POISON).all())


def poison(dtype: np.dtype[Any]) -> Any:
    """The value whose bytes are all 0xA5."""
    return np.frombuffer(bytes([_POISON]) * dtype.itemsize, dtype)[0]


def framed(shape: tuple[int, ...], dtype: Any) -> Framed:
    """A poisoned array of ``shape``, rows and columns last, with poison around them."""
    around = (*shape[:-2], shape[-2] + 2 * _PAD_ROWS, shape[-1] + 2 * _PAD_COLUMNS)
    whole = np.full(around, poison(np.dtype(dtype)), dtype)
    rows, columns = shape[-2:]
    inside = whole[..., _PAD_ROWS : _PAD_ROWS + rows, _PAD_COLUMNS : _PAD_COLUMNS + columns]
    return Framed(whole, inside)


def framed_planes(
    layout: PixelLayout, height: int, width: int
) -> tuple[tuple[NDArray[Any], ...], list[Framed]]:
    """Poisoned, padded planes of a layout, and their frames to look at afterwards."""
    planes, frames = [], []
    for shape in plane_shapes(layout, height, width):
        frame = framed((shape[0], int(np.prod(shape[1:]))), sample_dtype(layout))
        frames.append(frame)
        planes.append(frame.inside.reshape(shape))
    return tuple(planes), frames


def random_planes(
    layout: PixelLayout, height: int, width: int, seed: int = 0
) -> tuple[NDArray[Any], ...]:
    """Every code may appear, far out of range too; rows are padded."""
    rng = np.random.default_rng(seed)
    planes, _ = framed_planes(layout, height, width)
    for plane in planes:
        codes = rng.integers(0, 1 << layout.bits, plane.shape)
        plane[...] = codes << layout.shift
    return planes


def random_rgb(dtype: Any, height: int, width: int, seed: int = 0) -> NDArray[Any]:
    """(3, H, W) full-scale noise with padded rows."""
    frame = framed((3, height, width), dtype)
    top = np.iinfo(dtype).max
    frame.inside[...] = np.random.default_rng(seed).integers(0, top + 1, frame.inside.shape)
    return frame.inside
