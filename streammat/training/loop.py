"""The training loop: a budget of time or steps, EMA weights, atomic checkpoints, exact resume."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from streammat.models.checkpoints import load_state, save_state
from streammat.models.gfm import Gfm
from streammat.models.psp import matrices_for
from streammat.training.batch import Batch
from streammat.training.cache import Cache, Entry
from streammat.training.data import Sampler
from streammat.training.losses import gfm_losses
from streammat.training.parallel import Group
from streammat.training.recipe import Phase, Recipe
from streammat.training.validate import validate


class Budget(NamedTuple):
    """When training ends; exactly one of the two is given."""

    seconds: float | None = None
    steps: int | None = None

    def progress(self, seconds: float, steps: int) -> float:
        """0 at the start, 1 at the end."""
        done = steps / self.steps if self.steps else seconds / (self.seconds or 1.0)
        return min(done, 1.0)


class Intervals(NamedTuple):
    """Steps between log lines, checkpoints and validations."""

    log: int = 10
    save: int = 50
    validate: int = 300


def learning_rate_factor(progress: float, step: int, warmup_steps: int) -> float:
    """Linear warm-up in steps, then half a cosine in progress."""
    warm = min(1.0, (step + 1) / max(warmup_steps, 1))
    return warm * 0.5 * (1 + math.cos(math.pi * progress))


def current_phase(phases: Sequence[Phase], progress: float) -> Phase:
    """The first phase that has not ended yet."""
    return next((p for p in phases if progress < p.until), phases[-1])


def update_ema(ema: Gfm, model: Gfm, decay: float) -> None:
    """ema += (1 - decay) (model - ema) for parameters and running statistics."""
    with torch.no_grad():
        target = dict(ema.state_dict())
        for name, value in model.state_dict().items():
            if value.dtype.is_floating_point:
                target[name].lerp_(value, 1 - decay)
            else:
                target[name].copy_(value)


def make_optimizer(model: Gfm, recipe: Recipe) -> torch.optim.AdamW:
    """Encoder and decoders with their own rates; no decay on biases and norms."""
    groups: list[dict[str, Any]] = []
    for inside, rate in ((True, recipe.encoder_lr), (False, recipe.decoder_lr)):
        named = [
            p
            for name, p in model.named_parameters()
            if name.startswith("encoder.") == inside and p.requires_grad
        ]
        for decay in (True, False):
            params = [p for p in named if (p.ndim > 1) == decay]
            weight_decay = recipe.weight_decay if decay else 0.0
            groups.append(
                {"params": params, "base": rate, "lr": rate, "weight_decay": weight_decay}
            )
    return torch.optim.AdamW(groups)


class Trainer:
    """Holds what a checkpoint holds: model, EMA, optimiser, step and time used."""

    def __init__(
        self,
        model: Gfm,
        recipe: Recipe,
        sampler: Sampler,
        budget: Budget,
        out: Path,
        group: Group | None = None,
    ) -> None:
        self.recipe, self.sampler, self.budget, self.out = recipe, sampler, budget, out
        self.group = group or Group()
        self.model = model.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.model.encoder.freeze(recipe.frozen_stages)
        self.ema = copy.deepcopy(self.model).eval()
        self.optimizer = make_optimizer(self.model, recipe)
        self.step, self.seconds, self.best = 0, 0.0, math.inf

    def save(self, name: str = "last.pt") -> None:
        """Write a checkpoint that `resume` continues from exactly (the first process does)."""
        if self.group.rank:
            return
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.seconds,
            "best": self.best,
        }
        save_state(state, self.out / name)

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint; batches depend on the step only, so no RNG is stored."""
        state = load_state(path)
        self.model.load_state_dict(state["model"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]

    @property
    def progress(self) -> float:
        """Share of the budget used."""
        return self.budget.progress(self.seconds, self.step)

    def next_batch(self) -> Batch:
        """The batch of the current step, at one of the current phase's shapes."""
        phase = current_phase(self.recipe.phases, self.progress)
        rng = np.random.default_rng((self.recipe.seed, self.step, 1))
        height, width = phase.shapes[int(rng.integers(len(phase.shapes)))]
        size = max(phase.batch // self.group.size, 1)
        return self.sampler.batch(self.step, self.group.rank * size, size, height, width)

    def train_step(self, batch: Batch) -> dict[str, float]:
        """One optimiser step; returns the losses."""
        factor = learning_rate_factor(self.progress, self.step, self.recipe.warmup_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = group["base"] * factor
        rgb = batch.rgb.contiguous(memory_format=torch.channels_last)
        logits = self.model.logits(rgb, matrices_for(rgb.shape[-2], rgb.shape[-1]))
        losses = gfm_losses(logits, batch.alpha)
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        self.group.average(p.grad for p in self.model.parameters() if p.grad is not None)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_norm)
        if torch.isfinite(norm):
            self.optimizer.step()
        self.step += 1
        update_ema(self.ema, self.model, min(self.recipe.ema_decay, self.step / (self.step + 10)))
        values = {name: float(value.detach()) for name, value in losses._asdict().items()}
        return values | {"norm": float(norm), "lr": factor}

    def log(self, record: dict[str, Any]) -> None:
        """Append one JSON line to log.jsonl (the first process does)."""
        if self.group.rank:
            return
        stamp = {"step": self.step, "seconds": round(self.seconds, 1), **record}
        with (self.out / "log.jsonl").open("a") as out:
            out.write(json.dumps(stamp) + "\n")

    def check(self, cache: Cache, entries: Sequence[Entry]) -> None:
        """Validate the EMA weights and keep them if they are the best so far."""
        for model in (self.model, self.ema):
            self.group.average(b for b in model.buffers() if b.dtype.is_floating_point)
        scores = validate(self.ema, cache, entries, self.group)
        self.log({"validation": {k: round(v, 5) for k, v in scores.items()}})
        better = scores["all"] < self.best
        self.best = min(self.best, scores["all"])
        if self.group.rank == 0:
            for name in ("ema.pt", "best.pt") if better else ("ema.pt",):
                save_state(self.ema.state_dict(), self.out / name)


def run(trainer: Trainer, cache: Cache, entries: Sequence[Entry], every: Intervals) -> None:
    """Train until the budget is used up; validate at the end."""
    start = time.monotonic() - trainer.seconds

    def tick() -> None:
        trainer.seconds = trainer.group.from_first(time.monotonic() - start)

    while trainer.progress < 1:
        losses = trainer.train_step(trainer.next_batch())
        tick()
        if trainer.step % every.log == 0:
            trainer.log(losses)
        if trainer.step % every.save == 0:
            trainer.save()
        if trainer.step % every.validate == 0 and entries:
            trainer.check(cache, entries)
            tick()
    if entries:
        trainer.check(cache, entries)
    trainer.save()
