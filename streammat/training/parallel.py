"""Data-parallel training processes: each computes a part of every batch, gradients are averaged.

On a CPU two processes of one thread each waste less than one of two threads: there is a barrier a
step instead of one an operator, and samples are drawn in both. Backend gloo on CPUs, nccl on GPUs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import torch
import torch.distributed as dist
from torch import Tensor

TIMEOUT = timedelta(minutes=30)
_CPU = torch.device("cpu")


class Group(NamedTuple):
    """This process's place among `size` equal ones; a group of one needs no communication."""

    rank: int = 0
    size: int = 1
    device: torch.device = _CPU  # of single values that are exchanged

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
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        return [float(v) for v in tensor]

    def from_first(self, value: float) -> float:
        """The first process's value."""
        if self.size == 1:
            return value
        tensor = torch.tensor([value], dtype=torch.float64, device=self.device)
        dist.broadcast(tensor, 0)
        return float(tensor)

    def share(self, count: int) -> tuple[int, int]:
        """First place and number of this process's samples of a batch of `count`, a multiple."""
        part = count // self.size
        return self.rank * part, part


class Launch(NamedTuple):
    """A process's place as ``torchrun`` states it."""

    rank: int
    local_rank: int
    size: int


def launched(environment: Mapping[str, str] = os.environ) -> Launch | None:
    """What ``torchrun`` put into the environment; None where it did not start this process."""
    if not {"RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR"} <= environment.keys():
        return None
    return Launch(*(int(environment[name]) for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE")))


def share_of_cores(processes: int, environment: Mapping[str, str] = os.environ) -> int:
    """Threads of each process where all on this machine get alike, at least 1.

    Args:
        processes: on this machine; under ``torchrun`` it says how many.
        environment: of this process.
    """
    if launched(environment) is not None:
        processes = int(environment.get("LOCAL_WORLD_SIZE", environment["WORLD_SIZE"]))
    return max((os.cpu_count() or 1) // processes, 1)


def join(rank: int, size: int, meeting_file: Path | None, device: torch.device = _CPU) -> Group:
    """Connect `size` processes.

    Args:
        rank: of this process.
        size: 1 connects nothing.
        meeting_file: must not exist yet; over the loopback interface. None: as torchrun says.
        device: of this process.
    """
    if size > 1:
        if meeting_file is None:
            address = "env://"
        else:
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
            address = f"file://{meeting_file.resolve()}"
        backend = "nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, address, TIMEOUT, size, rank)
    return Group(rank, size, device)


def is_lost_contact(error: BaseException) -> bool:
    """Whether an error says that another process is gone; gloo's is a mere RuntimeError."""
    text = str(error).lower()
    return isinstance(error, dist.DistError) or any(name in text for name in ("gloo", "nccl"))


def leave(group: Group) -> None:
    """Disconnect."""
    if group.size > 1:
        dist.destroy_process_group()
