"""The training loop: steps until the budget is used up, checkpoints, validation, a journal."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from streammat.errors import ResourceError
from streammat.training.checkpoint import LAST
from streammat.training.held_out import HeldOut
from streammat.training.journal import Journal
from streammat.training.trainer import Trainer
from streammat.training.validate import contact_sheet, validate


class Intervals(NamedTuple):
    """Steps between log lines, checkpoints and validations."""

    log: int = 10
    save: int = 50
    validate: int = 300


class State(NamedTuple):
    """How far a run is.

    Attributes:
        step: steps done.
        total: steps of the run; None where it ends by the clock.
        share: of the budget that is used, 0..1.
        steps_per_second: since the run began or went on.
        loss: of the last step.
        error: of the last validation, mean absolute, 0..1.
        eta_seconds: time left at this speed.
    """

    step: int
    total: int | None
    share: float
    steps_per_second: float
    loss: float
    error: float | None
    eta_seconds: float | None = None


def _nobody(state: State) -> None:
    del state


def unheard(line: str) -> None:
    """Takes a line and does nothing with it."""
    del line


@dataclass
class Watch:
    """Who is told, and who may stop a run after a step.

    Attributes:
        on_step: takes the state after every step.
        stopped: whether the run shall end after this step.
        note: takes a line on data that is left out.
        error: of the last validation.
    """

    on_step: Callable[[State], None] = _nobody
    stopped: Callable[[], bool] = lambda: False
    note: Callable[[str], None] = unheard
    error: float | None = field(default=None, init=False)


def run(
    trainer: Trainer,
    examples: HeldOut,
    every: Intervals,
    journal: Journal | None = None,
    watch: Watch | None = None,
) -> bool:
    """Train until the budget is used up; validate and save at the end.

    Args:
        trainer: fresh, or resumed.
        examples: not trained on; may be empty.
        every: how often what is done.
        journal: of the first process; the others have none.
        watch: is told of every step.

    Returns:
        Whether the run came to its end; False where it was stopped.

    Raises:
        DivergedError: a loss is not a number.
        ResourceError: the disk is full; the last checkpoint is intact.
    """
    try:
        return _Run(trainer, examples, every, journal, watch or Watch()).to_the_end()
    except (OSError, ResourceError) as error:
        kept = "no checkpoint was written yet"
        if trainer.saved_step is not None:
            kept = f"{trainer.out / LAST} of step {trainer.saved_step} is intact"
        how = "make room and run the same command again, without --overwrite"
        raise ResourceError(f"{error}; {kept}: {how}") from error


class _Run:
    """The state of `run`."""

    def __init__(
        self,
        trainer: Trainer,
        examples: HeldOut,
        every: Intervals,
        journal: Journal | None,
        watch: Watch,
    ) -> None:
        self.trainer, self.examples, self.every = trainer, examples, every
        self.journal, self.watch = journal, watch
        self.start, self.first = time.monotonic() - trainer.seconds, trainer.step
        self.began = trainer.seconds

    def to_the_end(self) -> bool:
        """See `run`."""
        trainer, every = self.trainer, self.every
        while trainer.progress < 1:
            if trainer.group.from_first(float(self.watch.stopped())):
                trainer.save()
                return False
            values = trainer.train_step(trainer.next_batch())
            self._tick()
            last = trainer.progress >= 1
            if self.journal and (last or trainer.step % every.log == 0):
                self.journal.losses(trainer.step, trainer.seconds, values)
            done = trainer.progress >= 1
            if len(self.examples) and (done or trainer.step % every.validate == 0):
                self._validate()
            if trainer.progress >= 1 or trainer.step % every.save == 0:  # validating takes time
                trainer.save()
            self._tell(values["total"])
        return True

    def _tick(self) -> None:
        trainer = self.trainer
        trainer.seconds = trainer.group.from_first(time.monotonic() - self.start)

    def _validate(self) -> None:
        trainer = self.trainer
        trainer.synchronise()
        result = trainer.result()
        errors = validate(result, self.examples, trainer.group)
        trainer.best_weights(errors)
        self.watch.error = errors["all"]
        if self.journal:
            self.journal.validation(trainer.step, trainer.seconds, errors)
            self.journal.picture(trainer.step, contact_sheet(result, self.examples))
        self._tick()

    def _tell(self, loss: float) -> None:
        trainer = self.trainer
        used = max(trainer.seconds - self.began, 1e-9)
        speed = (trainer.step - self.first) / used
        total = trainer.budget.steps
        left = (trainer.budget.seconds or 0.0) - trainer.seconds
        if total is not None:
            left = (total - trainer.step) / speed
        share = trainer.progress
        state = State(trainer.step, total, share, speed, loss, self.watch.error, max(left, 0.0))
        self.watch.on_step(state)
