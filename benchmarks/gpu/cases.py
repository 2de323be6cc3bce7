"""Which networks, sizes and batches are measured, most telling first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

SIZES = ((512, 288), (512, 512), (960, 544), (1920, 1088))  # W, H
DEFAULT = "gfm_lite0_tt"
TARGET = ("gfm_r34_tt", 960, 544)  # 0.6 ms at batch 1, three times eager, 60 % of the matrix rate
LARGE = ("gfm_d121_tt", "gfm_r34_2b_tt", "gfm_r101_tt", "gfm_d121_rim")
SINGLE = "engine of batch 1"  # rows of an engine that was built for that alone
TARGETS = {"ms_at_most": 0.6, "times_eager_at_least": 3.0, "matrix_rate_share_at_least": 0.6}


@dataclass(frozen=True, slots=True)
class Case:
    """One network at one size; ``torch`` also measures PyTorch beside it."""

    network: str
    width: int
    height: int
    batches: tuple[int, ...] = (1, 2, 4, 8)
    torch: bool = True
    limit_seconds: int = 300

    @property
    def name(self) -> str:
        """E.g. ``gfm_r34_tt-960x544``."""
        return f"{self.network}-{self.width}x{self.height}"


def all_cases() -> Iterator[Case]:
    """In the order in which they are run."""
    yield Case(*TARGET, limit_seconds=400)
    yield Case(DEFAULT, 512, 288)
    for network in (TARGET[0], DEFAULT):
        for width, height in SIZES:
            if (network, width, height) not in {TARGET, (DEFAULT, 512, 288)}:
                yield Case(network, width, height)
    for network in LARGE:
        yield Case(network, 512, 512, batches=(1, 8), torch=network != "gfm_d121_rim")


def find_case(name: str) -> Case:
    """The case of this name.

    Raises:
        KeyError: there is none.
    """
    return {case.name: case for case in all_cases()}[name]
