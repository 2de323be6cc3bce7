"""The source of a recipe's ``[data]`` table."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from streammat.datasets import Faults, Sample, find_backgrounds, find_samples
from streammat.datasets.checking import usable_pictures, usable_samples
from streammat.datasets.layouts import layout_named
from streammat.errors import InputError
from streammat.training.rssn.settings import RssnSettings
from streammat.training.rssn.source import RssnSource
from streammat_kernels.augment.staged import RssnStage

__all__ = ["open_source"]


def open_source(
    settings: RssnSettings,
    data: Path,
    batch: int,
    seed: int,
    faults: Faults,
    threads: int = 1,
    keep_back: Callable[[str], bool] | None = None,
    stage: RssnStage | None = None,
) -> RssnSource:
    """Find the files of all data sets, look at their headers and make their source.

    Args:
        settings: the checked table.
        data: folder that the data sets were unpacked into.
        batch: samples of a whole batch, over all processes.
        seed: of everything that is drawn.
        faults: takes files that cannot be used.
        threads: that decode and compose.
        keep_back: says of a picture's name whether it is held out, see `RssnSource.held_out`;
            cut-outs never are.
        stage: makes batches on a GPU, see `device.stage_on`.

    Raises:
        InputError: a data set that is not there, nothing left to train on, or with ``faults``
            strict a file of no use.
    """
    train: list[Sample] = []
    weights: list[float] = []
    held: list[Sample] = []
    for name in settings.sets:
        for sample in usable_samples(find_samples(layout_named(name), data, faults), faults):
            if keep_back is not None and sample.kind != "cutout" and keep_back(sample.name):
                held.append(sample)
            else:
                train.append(sample)
                weights.append(settings.weights.get(name, 1.0))
    if not any(weights):
        left_out = f" ({faults.summary()})" if faults.total else ""
        raise InputError(
            "[data]: nothing is left to train on: all is held out, has weight 0 or is of no use"
            f"{left_out}"
        )
    backgrounds = [
        path
        for name in settings.backgrounds
        for path in usable_pictures(find_backgrounds(layout_named(name), data, faults), faults)
    ]
    if settings.backgrounds and not backgrounds:
        raise InputError(f"[data]: no background can be used; {faults.summary()}")
    files = train, weights, backgrounds
    return RssnSource(settings, *files, batch, seed, faults, threads, held, stage)
