"""Where samples are made: on the GPU that trains, by the CUDA kernels, else on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch

from streammat_kernels.compile import INSTALL

if TYPE_CHECKING:
    from streammat_kernels.augment.staged import RssnStage

__all__ = ["stage_on"]


def stage_on(device: torch.device, note: Callable[[str], None]) -> RssnStage | None:
    """What makes batches on ``device``; None for the CPU, whose kernels need none.

    It works on the stream that is PyTorch's current one now, so that batches and training steps
    follow each other without waiting.

    Args:
        device: of the network.
        note: takes the line that says why a GPU's samples are made on the CPU.
    """
    if device.type != "cuda":
        return None
    if find_spec("cupy") is None:
        note(f"CuPy is missing: samples are made on the CPU, not on {device}; {INSTALL}")
        return None
    import cupy

    from streammat_kernels.augment.staged import RssnStage
    from streammat_kernels.interop import cupy_stream
    from streammat_kernels.staging import CupyStaging

    number = torch.cuda.current_device() if device.index is None else device.index
    with cupy.cuda.Device(number):
        stream = cupy_stream(torch.cuda.current_stream(number).cuda_stream)
        return RssnStage(CupyStaging(stream))
