"""Mixed precision: the network in half the bits, weights, losses and optimiser in float32."""

from __future__ import annotations

import torch
from torch import Tensor

from streammat.errors import ConfigError

PRECISIONS = ("auto", "fp32", "bf16", "fp16")
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
SMALLEST_SCALE = 2.0**-8  # below it fp16 gradients were not finite dozens of times in a row


def choose_precision(name: str, device: torch.device) -> str:
    """``auto`` is fp32 on a CPU, bf16 on a GPU that has it, else fp16.

    Raises:
        ConfigError: an unknown name.
    """
    if name not in PRECISIONS:
        raise ConfigError(f"precision {name!r}: use {', '.join(PRECISIONS)}")
    if name != "auto":
        return name
    if device.type != "cuda":
        return "fp32"
    return "bf16" if torch.cuda.is_bf16_supported() else "fp16"


class Arithmetic:
    """Casts the forward pass and, for fp16, scales the loss so that small gradients survive."""

    def __init__(self, precision: str, device: torch.device) -> None:
        self.device, self.dtype = device, _DTYPES[choose_precision(precision, device)]
        self.half = self.dtype is not torch.float32
        if device.type == "cuda" and not self.half:
            torch.backends.cudnn.allow_tf32 = False  # ten bits would be no FP32
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.dtype is torch.float16)

    def autocast(self) -> torch.autocast:
        """A context in which the network runs."""
        return torch.autocast(self.device.type, self.dtype, enabled=self.half)

    def backward(self, loss: Tensor) -> None:
        """Gradients of the scaled loss."""
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]

    @property
    def lost(self) -> bool:
        """Whether the scale has fallen so far that no gradient can have been finite for long."""
        return self.scaler.is_enabled() and self.scaler.get_scale() < SMALLEST_SCALE
