"""The random decisions of a training sample, drawn in the order of GFM's released code.

Source: Li et al., "Bridging Composite and Real", IJCV 2021, and its code. The same two generators
in the same states give the same decisions, one for one. What the released code got wrong is
corrected; each correction has a name and can be taken back by it (`DEFECTS`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BLUR_SIZES_PX",
    "CROP_SIDES_PX",
    "DEFECTS",
    "NOISE_SIGMA",
    "Crop",
    "Effects",
    "Generators",
    "draw_crop",
    "draw_effects",
]

CROP_SIDES_PX = (640, 960, 1280)
SIZE_PX = 320
BLUR_SIZES_PX = (20, 30, 40, 50, 60)
NOISE_SIGMA = 10.0
SAMPLE_BAGS = 5
DEFECTS = {  # of the released code; a recipe may keep them
    "crop_by_alpha": "transition crops start where the alpha is 128, not where the trimap is",
    "one_bag": "foreground i always meets background i: the paper's five bags are not used",
}
CORRECTED = {  # always
    "wrapped noise": "noise ran over in uint8, 260 became 4; it stops at 0 and 255 now",
    "small pictures": "sides of 320 px and less stopped the run or cut crops off; taken whole now",
    "copied random states": "worker processes repeated each other's noise and crops",
    "unnamed colour files": "a grey background stopped the run; it is read as colour now",
    "no composites": "the COMP-Track stopped at its first sample, for two missing imports",
    "layers times alpha": "layers that were not published came multiplied by their share of the "
    "alpha, which composites and their loss did once more; their colours are estimated now",
    "tracebacks on saving": "each checkpoint printed one, of a wrong call of the log",
}


class Generators(NamedTuple):
    """Python's and NumPy's generator: the released code draws from both."""

    python: random.Random
    numpy: np.random.RandomState

    @classmethod
    def seeded(cls, *parts: int) -> Generators:
        """Two generators that follow from these numbers alone."""
        words = np.random.SeedSequence(parts).generate_state(2)
        return cls(random.Random(int(words[0])), np.random.RandomState(int(words[1])))


class Effects(NamedTuple):
    """What happens to the layers before the crop."""

    denoise: bool
    blur_px: int  # 0: none
    noise: bool


class Crop(NamedTuple):
    """A square of the picture, its top left corner first, pixels."""

    x: int
    y: int
    side: int
    flip: bool


def draw_effects(generators: Generators, *, denoised: bool) -> Effects:
    """Denoise, blur, noise: each half of the time; ``denoised`` says whether that is offered."""
    python = generators.python
    denoise = denoised and python.random() < 0.5
    blur_px = python.choice(BLUR_SIZES_PX) if python.random() < 0.5 else 0
    return Effects(denoise, blur_px, python.random() < 0.5)


def draw_crop(
    generators: Generators,
    size: tuple[int, int],
    transition: Callable[[], NDArray[np.bool_]],
) -> Crop:
    """Side, place and flip; half of the crops start in the transition.

    Args:
        generators: used up by the draws.
        size: H, W of the picture.
        transition: gives (H, W) bool, called only when it is needed: where the trimap is 128, or
            with the defect ``crop_by_alpha`` where the alpha is 128.
    """
    height, width = size
    side = CROP_SIDES_PX[generators.python.randint(0, len(CROP_SIDES_PX) - 1)]
    side = min(side if side < min(size) else SIZE_PX, height, width)
    rows, columns = max(height - side, 1), max(width - side, 1)  # as large as the crop: one place
    places: NDArray[np.int64] | None = None
    if generators.python.random() < 0.5:
        places = np.flatnonzero(transition()[:rows, :columns])
        places = places if places.size else None
    count = rows * columns if places is None else places.size
    index = int(generators.numpy.randint(count, size=1)[0])
    place = index if places is None else int(places[index])
    flip = generators.python.random() < 0.5
    return Crop(place % columns, place // columns, side, flip)
