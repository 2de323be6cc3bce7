"""Training samples on a GPU from pictures in host memory: only what the crops need goes up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError
from ..staging import Staging
from . import RssnBatch, SamplePlan, rssn_batch
from .patch import Patch, needed
from .plan import Span

__all__ = ["RssnStage"]

Pictures = Sequence[NDArray[np.uint8]]
_ALIGNED = 16  # bytes


class _Cut(NamedTuple):
    """A part of a picture, and where it goes in the buffers."""

    picture: NDArray[np.uint8]
    spans: tuple[Span, Span]
    first: int  # byte
    shape: tuple[int, ...]

    def fill(self, host: NDArray[np.uint8]) -> None:
        """Copy the part into the host's buffer."""
        (top, bottom), (left, right) = self.spans
        end = self.first + int(np.prod(self.shape))
        host[self.first : end].reshape(self.shape)[...] = self.picture[top:bottom, left:right]

    def there(self, device: Any) -> Patch:
        """The part in the GPU's buffer."""
        end = self.first + int(np.prod(self.shape))
        pixels = device[self.first : end].reshape(self.shape)
        return Patch(pixels, self.spans[0][0], self.spans[1][0], *self.picture.shape[:2])


class RssnStage:
    """Makes batches on a GPU. One thread at a time.

    Two pinned buffers take turns: one is filled while the other goes up. Buffers grow with the
    largest batch; then nothing but the results is allocated.

    Args:
        staging: of the stream on which the results will be used.
    """

    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        self._hosts: list[Any] = [None, None]
        self._copied: list[Any] = [None, None]
        self._device: Any = None
        self._turn = 0

    def batch(
        self,
        foregrounds: Pictures,
        backgrounds: Pictures,
        alphas: Pictures,
        plans: Sequence[SamplePlan],
        size_px: int = 320,
        *,
        trimap_px: int = 25,
        rosta_px: int = 50,
        pool: Executor | None = None,
    ) -> RssnBatch:
        """See ``augment.rssn_batch``; pictures are NumPy's, the result lies on the GPU.

        It is complete when the stream has come so far. ``pool`` copies into the pinned buffer.

        Raises:
            ShapeError: pictures or plans that do not belong together.
            DeviceMemoryError: the GPU's memory is full.
        """
        if len({len(foregrounds), len(backgrounds), len(alphas), len(plans)}) != 1:
            raise ShapeError("pass the same number of foregrounds, backgrounds, alphas and plans")
        kernels_px = trimap_px, rosta_px
        cuts: list[_Cut] = []
        for pictures in zip(foregrounds, backgrounds, alphas, plans, strict=True):
            cuts += _cuts(pictures[:3], pictures[3], kernels_px, _end(cuts))
        host = self._filled(cuts, pool)
        with self._staging.on_stream():
            device = self._uploaded(host)
            patches = [cut.there(device) for cut in cuts]
            parts = patches[0::3], patches[1::3], patches[2::3]
            return rssn_batch(*parts, plans, size_px, trimap_px=trimap_px, rosta_px=rosta_px)

    def _filled(self, cuts: list[_Cut], pool: Executor | None) -> NDArray[np.uint8]:
        self._turn = turn = 1 - self._turn
        if self._copied[turn] is not None:
            self._staging.synchronise(self._copied[turn])
        size = _end(cuts)
        host = self._hosts[turn]
        if host is None or host.size < size:
            host = self._hosts[turn] = self._staging.pinned((size + size // 4,), np.uint8)
        fill = partial(_Cut.fill, host=host)
        list(map(fill, cuts) if pool is None else pool.map(fill, cuts))
        filled: NDArray[np.uint8] = host[:size]
        return filled

    def _uploaded(self, host: NDArray[np.uint8]) -> Any:
        if self._device is None or self._device.size < host.size:
            self._device = self._staging.empty((host.size + host.size // 4,), np.uint8)
        self._staging.upload(host, self._device[: host.size])
        self._copied[self._turn] = self._staging.record()
        return self._device


def _end(cuts: list[_Cut]) -> int:
    """The first free byte after them."""
    if not cuts:
        return 0
    end = cuts[-1].first + int(np.prod(cuts[-1].shape))
    return -(-end // _ALIGNED) * _ALIGNED


def _cuts(
    pictures: Sequence[NDArray[np.uint8]],
    plan: SamplePlan,
    kernels_px: tuple[int, int],
    first: int,
) -> Iterator[_Cut]:
    sizes = [(picture.shape[0], picture.shape[1]) for picture in pictures]
    for picture, spans in zip(pictures, needed(plan, sizes[0], sizes[1], kernels_px), strict=False):
        (top, bottom), (left, right) = spans
        cut = _Cut(picture, spans, first, (bottom - top, right - left, *picture.shape[2:]))
        first = _end([cut])
        yield cut
