"""One optimiser step at a time: what a run computes, saves and resumes exactly."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from streammat.errors import DivergedError, ResourceError
from streammat.models import Gfm, GfmNetwork, config_of
from streammat.training import checkpoint
from streammat.training.batch import Batch, BatchSource
from streammat.training.losses import Loss, Objective, forward
from streammat.training.optimise import (
    freeze,
    make_optimizer,
    set_rates,
    set_training,
    update_average,
)
from streammat.training.parallel import Group
from streammat.training.precision import Arithmetic
from streammat.training.recipe import Recipe, check_shares
from streammat.training.schedule import Budget, current_phase, learning_rate_factor

_EARLY_STEPS = 10  # the average follows the weights closely at first
_NAMED = 8  # samples in a message
BAD_BATCH = "bad_batch.pt"
BEST, AVERAGE = "best.pt", "ema.pt"  # averaged weights, state dictionaries


def memory_layout(model: GfmNetwork) -> torch.memory_format:
    """How maps lie in memory: channels last is faster for the depthwise convolutions of light
    networks; in others PyTorch 2.13's backward pass on a CPU then writes beyond narrow maps."""
    return torch.channels_last if isinstance(model, Gfm) else torch.contiguous_format


class Work(NamedTuple):
    """What a run trains, on what, and for how long.

    `start` tells starting weights apart, `held_out` the pictures to validate on.
    """

    model: GfmNetwork
    recipe: Recipe
    source: BatchSource
    budget: Budget
    out: Path
    start: str = "random"
    held_out: str = "none"


class Trainer:
    """Holds what a checkpoint holds: weights, their average, optimiser, scaler, step, time used.

    Args:
        work: the network's weights are changed in place.
        group: the processes that share every batch.
        device: of the network.

    Raises:
        ConfigError: the loss does not fit the network, or a batch cannot be shared.
    """

    def __init__(
        self, work: Work, group: Group | None = None, device: torch.device | None = None
    ) -> None:
        self.recipe, self.source, self.budget, self.out = work[1:5]
        self._began_with = {checkpoint.START: work.start, checkpoint.HELD_OUT: work.held_out}
        recipe, self.group = work.recipe, group or Group()
        self.device = device or torch.device("cpu")
        self.layout = memory_layout(work.model)
        self.model: GfmNetwork = work.model.to(  # type: ignore[call-overload]
            self.device, memory_format=self.layout
        )
        freeze(self.model, recipe.frozen_stages)
        set_training(self.model, recipe.frozen_stages, frozen_norms=recipe.frozen_norms)
        self.ema: GfmNetwork = copy.deepcopy(self.model).eval()
        self._start = copy.deepcopy(self.ema) if recipe.blend < 1 else None
        self.optimizer = make_optimizer(
            self.model, recipe.encoder_lr, recipe.decoder_lr, recipe.weight_decay, recipe.optimizer
        )
        self.arithmetic = Arithmetic(recipe.precision, self.device)
        kept = recipe.keep_defects
        self.objective = Objective(recipe.loss, self.model, self.group, kept)
        self.step, self.seconds, self.best = 0, 0.0, math.inf
        self.saved_step: int | None = None
        check_shares(recipe, self.group.size)

    @property
    def settings(self) -> dict[str, Any]:
        """What must be the same where a run goes on."""
        recipe = {key: str(value) for key, value in self.recipe._asdict().items()}
        del recipe["minutes"]  # a time budget may be prolonged; it is not repeatable anyway
        return {
            **recipe,
            "steps": self.budget.steps,
            "network": config_of(self.model).name,
            "data set": self.source.fingerprint,
            "processes": self.group.size,
            **self._began_with,
        }

    def save(self) -> None:
        """Write the checkpoint that `resume` goes on from exactly (the first process does).

        Raises:
            ResourceError: the disk is full; the checkpoint before is intact.
        """
        self.synchronise()
        if self.group.rank == 0:
            state = {
                "format": checkpoint.FORMAT,
                "settings": self.settings,
                "model": self.model.state_dict(),
                "ema": self.ema.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "scaler": self.arithmetic.scaler.state_dict(),
                "random": checkpoint.random_state(),
                "step": self.step,
                "seconds": self.seconds,
                "best": self.best,
            }
            checkpoint.write_state(state, self.out / checkpoint.LAST)
        self.saved_step = self.step

    def synchronise(self) -> None:
        """Give all processes the mean of the batch norms' statistics, which each has of its own."""
        for model in (self.model, self.ema):
            self.group.average(b for b in model.buffers() if b.dtype.is_floating_point)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            CheckpointError: damaged, or of a run with other settings.
        """
        state = checkpoint.read_state(path)
        checkpoint.check_same_run(state["settings"], self.settings, path)
        self.model.load_state_dict(state["model"])
        self.ema.load_state_dict(state["ema"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.arithmetic.scaler.load_state_dict(state["scaler"])
        checkpoint.restore_random(state["random"])
        self.step, self.seconds, self.best = state["step"], state["seconds"], state["best"]
        self.saved_step = self.step

    @property
    def progress(self) -> float:
        """Share of the budget used."""
        return self.budget.progress(self.seconds, self.step)

    def next_batch(self) -> Batch:
        """This process's part of the current step's batch, at one of the phase's shapes.

        The next one is begun with, as the source likes; where the clock then says another phase,
        that is lost.
        """
        batch = self.source.batch(self.step, *self._part(self.step))
        if self.step + 1 != self.budget.steps:
            self.source.ahead(self.step + 1, *self._part(self.step + 1))
        return batch

    def _part(self, step: int) -> tuple[int, int, int, int]:
        """First sample, count, height and width of a step in the present phase."""
        phase = current_phase(self.recipe.phases, self.progress)
        rng = self._generator(1, step)
        height, width = phase.shapes[int(rng.integers(len(phase.shapes)))]
        return *self.group.share(phase.batch), height, width

    def _generator(self, kind: int, step: int | None = None) -> np.random.Generator:
        """Of a step's own draws; the key is of another form than those of samples."""
        step = self.step if step is None else step
        key = np.random.SeedSequence(self.recipe.seed, spawn_key=(step, kind))
        return np.random.default_rng(key)

    def losses(self, batch: Batch) -> Loss:
        """Forward pass and loss of a batch."""
        batch = batch.to(self.device)
        rgb = batch.rgb.contiguous(memory_format=self.layout)
        draw = self._generator(2).random()
        with self.arithmetic.autocast():
            twice = draw < self.recipe.second_glance
            output = forward(self.model, rgb, second_glance=twice)
        return self.objective(output, batch)

    def train_step(self, batch: Batch) -> dict[str, float]:
        """One optimiser step; returns the losses, the gradients' norm and the rate's factor.

        Raises:
            DivergedError: the loss or a gradient is not a number; the weights are not changed.
        """
        recipe = self.recipe
        factor = learning_rate_factor(
            self.progress, self.step, recipe.warmup_steps, recipe.schedule
        )
        set_rates(self.optimizer, factor)
        loss = self.losses(batch)
        if not math.isfinite(float(loss.total.detach())):
            raise self._diverged("the loss", batch)
        self.optimizer.zero_grad(set_to_none=True)
        self.arithmetic.backward(loss.total)
        norm = self._apply_gradients(batch)
        self.step += 1
        decay = min(recipe.ema_decay, self.step / (self.step + _EARLY_STEPS))
        update_average(self.ema, self.model, decay)
        return {**self._means(loss), "norm": norm, "lr": factor}

    def _means(self, loss: Loss) -> dict[str, float]:
        """The losses over the whole batch: the means of the processes' shares."""
        values = {"total": loss.total, **loss.parts}
        sums = self.group.total([float(value.detach()) for value in values.values()])
        return {name: s / self.group.size for name, s in zip(values, sums, strict=True)}

    def _apply_gradients(self, batch: Batch) -> float:
        """Average over the processes, clip, step; returns the norm before clipping."""
        scaler = self.arithmetic.scaler
        parameters = [p for p in self.model.parameters() if p.grad is not None]
        self.group.average(p.grad for p in parameters if p.grad is not None)
        scaler.unscale_(self.optimizer)
        limit = self.recipe.clip_norm or math.inf
        norm = float(torch.nn.utils.clip_grad_norm_(parameters, limit))
        if not math.isfinite(norm) and (not scaler.is_enabled() or self.arithmetic.lost):
            raise self._diverged("the gradient", batch)
        scaler.step(self.optimizer)  # leaves the step out where scaled gradients overflowed
        scaler.update()
        return norm

    def _diverged(self, what: str, batch: Batch) -> DivergedError:
        """The error that ends the run; the batch is kept for whoever looks for the reason."""
        kept = {key: value for key, value in batch._asdict().items() if isinstance(value, Tensor)}
        of = "" if self.group.size == 1 else f".{self.group.rank}"  # each has a part of it
        path = (self.out / BAD_BATCH).with_suffix(f"{of}.pt")
        where = f"kept in {path}"
        try:
            checkpoint.write_state(kept | {"step": self.step}, path)
        except ResourceError as error:  # a full disk is not what the run died of
            where = f"not kept: {error}"
        names = ", ".join(batch.names[:_NAMED]) or "unnamed samples"
        more = f" and {len(batch.names) - _NAMED} more" if len(batch.names) > _NAMED else ""
        good = "nothing was saved yet"
        if self.saved_step is not None:
            good = f"{self.out / checkpoint.LAST} of step {self.saved_step} is good"
        return DivergedError(
            f"{what} is not a number at step {self.step}, batch of {names}{more} ({where}); "
            f"{good}: look at these samples, or lower the learning rates"
        )

    def best_weights(self, errors: Mapping[str, float]) -> None:
        """Keep the averaged weights, also as the best ones if no validation was better."""
        better = errors["all"] < self.best
        self.best = min(self.best, errors["all"])
        self.keep_average()
        if better and self.group.rank == 0:
            checkpoint.write_state(self.result().state_dict(), self.out / BEST)

    def result(self) -> GfmNetwork:
        """What is validated and delivered: the averaged weights, or with ``blend`` below 1 a point
        on the line from the starting weights to them (Wortsman et al., CVPR 2022), which keeps more
        of what the network knew."""
        if self._start is None:
            return self.ema
        blended: GfmNetwork = copy.deepcopy(self._start)
        update_average(blended, self.ema, 1 - self.recipe.blend)
        return blended

    def keep_average(self) -> None:
        """Write the result as it is now (the first process does)."""
        if self.group.rank == 0:
            checkpoint.write_state(self.result().state_dict(), self.out / AVERAGE)
