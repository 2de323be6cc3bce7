"""Weighted means over a batch that several processes share."""

from __future__ import annotations

from torch import Tensor

from streammat.training.parallel import Group


def weighted_mean(values: Tensor, weights: Tensor, group: Group, extra: float) -> Tensor:
    """sum(values) / (sum(weights) + extra) over the batch of all processes.

    Every process gets its share: the mean of the shares over the processes, and so the mean of
    their gradients, is that of the whole batch in one process.

    Args:
        values: any shape, of this process.
        weights: of this process; its sum has no gradient.
        group: the processes that share the batch.
        extra: keeps an empty sum from dividing by zero.
    """
    total = weights.detach().sum()
    group.average([total])
    return values.sum() / (total + extra / group.size)
