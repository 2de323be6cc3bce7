"""What the training loop is fed with: a batch, and where batches come from."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor


class Batch(NamedTuple):
    """Samples side by side, contiguous float32, on the device of the loop.

    Colours are 0..255, alphas and label maps 0..1. The loss of the recipe ``official`` needs
    foreground, background and the three label maps; the loss of light models takes the alpha, and
    where the samples have them the pairs of frames.
    """

    rgb: Tensor  # (B, 3, H, W)
    alpha: Tensor  # (B, 1, H, W)
    names: tuple[str, ...] = ()  # of the samples, so that a loss that is no number names them
    foreground: Tensor | None = None  # (B, 3, H, W)
    background: Tensor | None = None  # (B, 3, H, W)
    trimap: Tensor | None = None  # (B, 1, H, W): 0, 128 / 255, 1, interpolated by the resize
    dilation: Tensor | None = None  # (B, 1, H, W): 1 where alpha, dilated, is not 0
    erosion: Tensor | None = None  # (B, 1, H, W): 1 where alpha, eroded, is 1
    pairs: Tensor | None = None  # (P,) int64: samples whose next one is the same shot a frame later
    motion: Tensor | None = None  # (P, 2, 3): from the later frame's subject to the earlier one's

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        parts = self._asdict().items()
        moved: dict[str, Any] = {k: v.to(device) for k, v in parts if isinstance(v, Tensor)}
        return self._replace(**moved)


class BatchSource(Protocol):
    """Draws batches. Every sample is a pure function of (seed, step, place in the batch).

    So a run that was killed goes on with the same samples, and two processes with half a batch each
    see the samples that one process with the whole batch sees.
    """

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the data set, kept in every checkpoint."""

    @property
    def samples(self) -> int:
        """Training samples of one epoch."""

    def batch(self, step: int, first: int, count: int, height_px: int, width_px: int) -> Batch:
        """Samples `first` to `first + count - 1` of batch number `step`."""

    def ahead(self, step: int, first: int, count: int, height_px: int, width_px: int) -> None:
        """Begin, beside the caller's work, with what `batch` will probably be asked for next."""
