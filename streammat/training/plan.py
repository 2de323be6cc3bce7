"""What a run would do, without doing it: ``--dry-run``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from streammat.errors import InputError
from streammat.training.parallel import Group, launched
from streammat.training.precision import choose_precision
from streammat.training.recipe import Recipe
from streammat.training.schedule import Phase
from streammat.training.work import Job, choose_device, prepare


def plan(job: Job, data: Path | None) -> dict[str, Any]:
    """The resolved settings; where the data is decoded already, counts and a first loss too.

    Writes nothing.

    Raises:
        StreammatError: whatever the run itself would stumble over at its start.
    """
    launch = launched()
    device = choose_device(job.device)
    facts: dict[str, Any] = {
        "network": job.recipe.model,
        "starts from": job.start or job.encoder or "random weights",
        "device": device.type,
        "processes": launch.size if launch else job.processes,
        "threads of each": job.threads,
        "precision": choose_precision(job.recipe.precision, device),
        "seed": job.recipe.seed,
        "loss": job.recipe.loss,
        "optimiser": _optimiser(job.recipe),
        "phases": " then ".join(_phase(phase) for phase in job.recipe.phases),
        "length": _length(job.recipe),
    }
    if job.recipe.data or (job.cache / "index.json").is_file():
        return facts | _first_loss(job, device)
    if data is None or not data.is_dir():
        raise InputError(f"no decoded data in {job.cache} and no folder {data}: give --data DIR")
    return facts | {"data": f"{data}, to be decoded into {job.cache}"}


def _first_loss(job: Job, device: torch.device) -> dict[str, Any]:
    """Build everything and compute the loss of the first batch."""
    trainer, examples = prepare(job, Group(device=device))
    batch = trainer.next_batch()
    with torch.no_grad():
        loss = trainer.losses(batch)
    trained = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    steps = trainer.budget.steps
    return {
        "samples an epoch": trainer.source.samples,
        "held-out pictures": len(examples),
        "steps": steps if steps is not None else "by the clock",
        "parameters trained": trained,
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "first batch": "x".join(map(str, batch.rgb.shape)),
        "first loss": round(float(loss.total), 4),
    }


def _optimiser(recipe: Recipe) -> str:
    rates = f"encoder {recipe.encoder_lr:g}, decoders {recipe.decoder_lr:g}, {recipe.schedule}"
    return f"{recipe.optimizer}, {rates}"


def _phase(phase: Phase) -> str:
    sizes = " ".join(f"{width}x{height}" for height, width in dict.fromkeys(phase.shapes))
    return f"{phase.batch} x ({sizes}) until {phase.until:.0%}"


def _length(recipe: Recipe) -> str:
    if recipe.steps is not None:
        return f"{recipe.steps} steps"
    return f"{recipe.epochs} epochs" if recipe.epochs is not None else f"{recipe.minutes} minutes"
