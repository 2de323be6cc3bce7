"""What is timed: our op and the libraries' own way to the same result, over rotating buffers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from ..record import Spread

__all__ = ["Backend", "Case", "Cost", "Size", "Step", "Trial", "sets_for"]

CACHES_ROTATED = 4  # times the last-level cache, so that no buffer is still in it when it is due
MOST_SETS = 24

Step = Callable[[int], object]  # runs once on the buffers of that number


@dataclass(frozen=True, slots=True)
class Size:
    """A picture size."""

    height: int
    width: int

    @property
    def name(self) -> str:
        """As people say it: 720p, 1080p, 2160p."""
        return f"{self.height}p"


@dataclass(frozen=True, slots=True)
class Trial:
    """One op at one size, ready to be timed.

    Attributes:
        ours: the op.
        bytes: that it has to read and write at least, each sample once.
        rivals: by library, the best way that we know to the same picture with it.
        cruder: a library's call that does less; it is timed and named, and decides nothing.
        facts: what else the row says, e.g. errors.
        as_good: our result is as near to the truth as the libraries'; nothing is reached without.
    """

    ours: Step
    bytes: int
    rivals: Mapping[str, Step] = field(default_factory=dict)
    cruder: Mapping[str, Step] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    as_good: bool = True


@dataclass(frozen=True, slots=True)
class Case:
    """One row per size.

    Attributes:
        op: name.
        kind: an op alone, or a chain that a library does in several steps.
        build: makes the trial; asked for (size, buffer sets a byte count needs).
        sizes: names of the sizes at which it is run; all when empty.
        limit_ms: wanted at 1080p, None when the row is judged against libraries and copy.
        times: how much faster than the best library it has to be.
        copy_share: on a GPU, the share of a copy's speed wanted at 2160p; None wants none.
        exception: why the row may miss what is wanted, in numbers; "" where it may not.
    """

    op: str
    kind: Literal["op", "chain"]
    build: Callable[[Size, Callable[[int], int]], Trial]
    sizes: Sequence[str] = ()
    limit_ms: float | None = None
    times: float = 0.95
    copy_share: float | None = None
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one step took: wall and processor milliseconds (GPU: both the device's)."""

    wall_ms: Spread
    cpu_ms: Spread


class Backend(Protocol):
    """Where kernels run. ``cpu`` is in this package; others register in ``BACKENDS``."""

    name: str
    cache_bytes: int  # of the last-level cache
    threads: int

    def cases(self) -> Sequence[Case]:
        """The rows."""

    def copy(self, count: int, sets: int) -> Step:
        """A copy that reads ``count`` bytes and writes as many, over ``sets`` buffers."""

    def milliseconds(self, step: Step, index: int) -> tuple[float, float]:
        """Run a step once; wall and processor time."""


def sets_for(cache_bytes: int) -> Callable[[int], int]:
    """How many sets of buffers of a size pass through four times the cache; at least two."""

    def sets(count: int) -> int:
        return max(2, min(MOST_SETS, -(-CACHES_ROTATED * cache_bytes // max(1, count))))

    return sets
