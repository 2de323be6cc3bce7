"""What lies between the decoder and the encoders: one seam, a chain of stages on each device.

`HostChain` is here: network, refinement and drawing as stages of their own on the CPU's threads.
`on_device.DeviceChain` keeps a frame on a GPU from its upload to the finished pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from streammat.matting.extent import Extent
from streammat.settings import OutputKind
from streammat.types import Alpha

from .compose import Bench
from .queue import BoundedQueue, Pool
from .refine import RefineStage
from .runner import Runner
from .stage import Stage
from .stages import BackgroundStage, FinishStage, InferStage, PrepareStage, Target
from .work import Work

if TYPE_CHECKING:
    from .flow import Parts

__all__ = ["QUEUE_DEPTH", "Chain", "HostChain", "background_stage", "finish_workers"]

QUEUE_DEPTH = 2  # one item being taken over, one ready: more only costs memory
MAX_FINISH_WORKERS = 4


class Chain(Protocol):
    """From decoded frames to pictures of every output."""

    @property
    def stages(self) -> Sequence[Stage[Work, Work]]:
        """In a frame's order, for who drives them by hand."""

    @property
    def cuts(self) -> Sequence[int]:
        """Frames, the first left out, at which smoothing started afresh."""

    @property
    def extent(self) -> Extent:
        """Where the subject was; nowhere where nobody looked."""

    def connect(
        self, runner: Runner, decoded: BoundedQueue[Work], pictures: Sequence[BoundedQueue[Work]]
    ) -> None:
        """Put the stages between these queues, one of pictures an output."""


class HostChain:
    """prepare -> infer -> refine -> background -> finish, on the CPU.

    Attributes:
        prepare, infer, refine, background, finish: the stages; background is None where no output
            needs one.
        slots, alphas, benches: what the stages borrow from.
    """

    def __init__(self, parts: Parts) -> None:
        matter, targets = parts.matter, parts.targets
        self._workers = finish_workers(targets, parts.cores)
        size = parts.height, parts.width
        self.slots: Pool[int] = Pool(matter.slots)
        buffers = self._workers + QUEUE_DEPTH + 1
        self.alphas: Pool[Alpha] = Pool(np.empty(size, np.uint16) for _ in range(buffers))
        self.benches = Pool(Bench(*size) for _ in range(self._workers))
        self.prepare = PrepareStage(matter, self.slots)
        self.infer = InferStage(matter)
        self.refine = RefineStage(matter, self.slots, self.alphas, parts.strength, parts.touch)
        self.background = background_stage(targets, parts.begin_seconds)
        self.finish = FinishStage(targets, self.alphas, self.benches)

    @property
    def stages(self) -> Sequence[Stage[Work, Work]]:
        """See `Chain.stages`."""
        found = (self.prepare, self.infer, self.refine, self.background, self.finish)
        return [stage for stage in found if stage is not None]

    @property
    def cuts(self) -> Sequence[int]:
        """See `Chain.cuts`."""
        return self.refine.cuts

    @property
    def extent(self) -> Extent:
        """See `Chain.extent`."""
        return self.refine.extent

    def connect(
        self, runner: Runner, decoded: BoundedQueue[Work], pictures: Sequence[BoundedQueue[Work]]
    ) -> None:
        """See `Chain.connect`."""
        pools: tuple[Pool[Any], ...] = (self.slots, self.alphas, self.benches)
        for pool in pools:
            runner.adopt(pool)
        viewed, inferred = runner.queue(len(self.slots)), runner.queue(1)
        mattes = runner.queue(QUEUE_DEPTH)
        runner.stage(self.prepare, decoded, viewed)
        runner.stage(self.infer, viewed, inferred)
        runner.stage(self.refine, inferred, mattes)
        if self.background is not None:
            behind = runner.queue(1)
            runner.stage(self.background, mattes, behind)
            mattes = behind
        runner.stage(self.finish, mattes, *pictures, workers=self._workers)


def background_stage(targets: Sequence[Target], begin: Fraction) -> BackgroundStage | None:
    """Fetches backgrounds where an output has one."""
    moving = any(target.background is not None for target in targets)
    return BackgroundStage(targets, begin) if moving else None


def finish_workers(targets: Sequence[Target], cores: int) -> int:
    """Threads of the finish stage: one does for a plain composite, colours in RGB want them all.

    Several outputs leave a core to their encoders: another worker would only wait for them, and
    cost its buffers and pictures (about 100 MB at 1080p).
    """
    if len(targets) == 1 and _is_plain(targets[0]):
        return 1
    wanted = cores if len(targets) == 1 else cores - 1
    return max(1, min(wanted, MAX_FINISH_WORKERS))


def _is_plain(target: Target) -> bool:
    plan = target.plan
    quick = plan.kind in {OutputKind.COMPOSITE, OutputKind.ALPHA}
    return quick and not plan.estimated and not plan.blurs and plan.despill == 0
