"""Data-parallel training processes on one machine.

Two processes of one thread each waste less than one process of two threads: there is a barrier per
step instead of per operator, and the loading runs in both.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

TIMEOUT = timedelta(minutes=30)


class Group(NamedTuple):
    """This process's place among `size` equal ones; a group of one needs no communication."""

    rank: int = 0
    size: int = 1

    def average(self, tensors: Iterable[Tensor]) -> None:
        """Replace every tensor by its mean over the processes, in place."""
        parts = list(tensors)
        if self.size == 1 or not parts:
            return
        flat = torch.cat([p.reshape(-1) for p in parts])
        dist.all_reduce(flat)
        flat /= self.size
        means = torch.split(flat, [p.numel() for p in parts])
        for part, mean in zip(parts, means, strict=True):
            part.copy_(mean.view(part.shape))

    def total(self, values: list[float]) -> list[float]:
        """Sums over the processes, element by element."""
        if self.size == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64)
        dist.all_reduce(tensor)
        return [float(v) for v in tensor]

    def from_first(self, value: float) -> float:
        """The first process's value."""
        if self.size == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64)
        dist.broadcast(tensor, 0)
        return float(tensor)


def join(rank: int, size: int, meeting_file: Path) -> Group:
    """Connect `size` processes over the loopback interface; `meeting_file` must not exist yet."""
    if size > 1:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        address = f"file://{meeting_file.resolve()}"
        dist.init_process_group("gloo", address, TIMEOUT, size, rank)
    return Group(rank, size)
