"""A batch of samples as tensors, on the device where the kernels made it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from streammat.training.batch import Batch
from streammat_kernels.augment import RssnBatch

__all__ = ["tensors_of"]


def tensors_of(made: RssnBatch, names: tuple[str, ...]) -> Batch:
    """Float32 (`Batch`) of what the kernels made; arrays are seen by DLPack, not copied.

    Args:
        made: NumPy or CuPy arrays.
        names: of the samples.
    """

    def colour(values: Any) -> Tensor:
        seen: Tensor = torch.utils.dlpack.from_dlpack(values)
        return seen.to(torch.float32).contiguous()

    def share(values: Any) -> Tensor:
        return colour(values)[:, None] / 255

    return Batch(
        rgb=colour(made.image),
        alpha=share(made.alpha),
        names=names,
        foreground=colour(made.foreground),
        background=colour(made.background),
        trimap=share(made.trimap),
        dilation=share(made.dilation),
        erosion=share(made.erosion),
    )
