"""What a run would do, without doing it: ``--dry-run``."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import torch

from streammat.datasets import Faults
from streammat.errors import DivergedError, InputError, OutputError
from streammat.training.cache import check_origin, name_again
from streammat.training.checkpoint import LAST, check_same_run, read_state
from streammat.training.decode import check_pixels, list_pairs, origin_of
from streammat.training.folder import check_folder
from streammat.training.loop import unheard
from streammat.training.painted import find_painted
from streammat.training.parallel import Group, launched
from streammat.training.precision import choose_precision
from streammat.training.recipe import Recipe, budget_of, check_norms, check_shares
from streammat.training.schedule import Phase
from streammat.training.sources import check_weights
from streammat.training.start import fresh_model
from streammat.training.trainer import Trainer
from streammat.training.work import Job, choose_device, prepare


def plan(job: Job, data: Path | None, *, origin: str | None = None) -> dict[str, Any]:
    """The resolved settings; where the data is decoded already, counts and a first loss too.

    Writes nothing.

    Args:
        job: what would be done.
        data: what would be decoded.
        origin: of the files that would be decoded; None takes it from the job's data folder.

    Raises:
        StreammatError: whatever the run itself would stumble over at its start.
    """
    launch = launched()
    device, processes = choose_device(job.device), launch.size if launch else job.processes
    facts: dict[str, Any] = {
        "network": job.recipe.model,
        "starts from": job.start or job.encoder or "random weights",
        "device": device.type,
        "processes": processes,
        "threads of each": job.threads,
        "precision": choose_precision(job.recipe.precision, device),
        "seed": job.recipe.seed,
        "loss": job.recipe.loss,
        "optimiser": _optimiser(job.recipe),
        "phases": " then ".join(_phase(phase) for phase in job.recipe.phases),
        "length": _length(job.recipe),
    }
    check_shares(job.recipe, processes)
    check_norms(job.recipe, "the recipe", processes)
    _check_writable(job.out, "--out")
    if job.recipe.data or _decoded(job, origin):
        return facts | _first_loss(job, device, processes)
    if data is None or not data.is_dir():
        raise InputError(f"no decoded data in {job.cache} and no folder {data}: give --data DIR")
    return facts | _to_decode(job) | {"data": f"{data}, to be decoded into {job.cache}"}


def _decoded(job: Job, origin: str | None) -> bool:
    """Whether the run would take decoded data as it is."""
    if job.data is not None:
        if not job.data.is_dir():
            raise InputError(f"{job.data}: no such folder; check --data")
        origin = origin_of(job.data)
    if not check_origin(job.cache, origin, overwrite=job.afresh):
        return False
    name_again(job.cache, Faults(unheard, strict=job.strict))
    return True


def _to_decode(job: Job) -> dict[str, Any]:
    """Look at what the run would decode, and at what it would need then."""
    _check_writable(job.cache, "--cache")
    check_folder(job.out, job.start, job.encoder)
    budget_of(job.recipe, 1)
    fresh_model(job.recipe.model, job.start, job.encoder)
    faults = Faults(unheard, strict=job.strict)
    if job.pictures is not None and job.alphas is not None:
        find_painted(job.pictures, job.alphas, faults)
    if job.data is None:
        return {}
    pairs = list_pairs(job.data, faults)
    check_weights(job.recipe, {source for _, source in pairs}, unheard)
    if job.strict:
        check_pixels(job.data, pairs, faults)
    return {"pairs listed": len(pairs)}


def _check_writable(folder: Path, option: str) -> None:
    """Refuse a folder that the run could not make or write to."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not there.is_dir():
        raise OutputError(f"{option} {folder}: {there} is a file; give a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{option} {folder}: {there} is not writable; give another folder")


def _first_loss(job: Job, device: torch.device, processes: int) -> dict[str, Any]:
    """Build everything and compute the loss of the first batch."""
    trainer, examples, _ = prepare(job, Group(device=device))
    facts = {} if job.afresh else _going_on(trainer, processes)
    batch = trainer.next_batch()
    with torch.no_grad():
        loss = trainer.losses(batch)
    if not math.isfinite(float(loss.total)):
        raise DivergedError(
            f"the loss of the first batch, of {', '.join(batch.names)}, is not a number: look at "
            "these samples, or at the weights that it starts from"
        )
    trained = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    steps = trainer.budget.steps
    return facts | {
        "samples an epoch": trainer.source.samples,
        "held-out pictures": len(examples),
        "steps": steps if steps is not None else "by the clock",
        "parameters trained": trained,
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "first batch": "x".join(map(str, batch.rgb.shape)),
        "first loss": round(float(loss.total), 4),
    }


def _going_on(trainer: Trainer, processes: int) -> dict[str, Any]:
    """Where the run would go on, if there is one in its folder; refused as the run would be."""
    path = trainer.out / LAST
    if not path.is_file():
        return {}
    state = read_state(path)
    check_same_run(state["settings"], {**trainer.settings, "processes": processes}, path)
    return {"goes on from": f"{path}, step {state['step']}"}


def _optimiser(recipe: Recipe) -> str:
    rates = f"encoder {recipe.encoder_lr:g}, decoders {recipe.decoder_lr:g}, {recipe.schedule}"
    return f"{recipe.optimizer}, {rates}"


def _phase(phase: Phase) -> str:
    sizes = " ".join(f"{width}x{height}" for height, width in dict.fromkeys(phase.shapes))
    return f"{phase.batch} x ({sizes}) until {phase.until:.0%}"


def _length(recipe: Recipe) -> str:
    if recipe.steps is not None:
        return f"{recipe.steps} steps"
    if recipe.epochs is not None:
        return f"{recipe.epochs} epochs"
    return f"{recipe.minutes:g} minutes" if recipe.minutes is not None else "none is given"
