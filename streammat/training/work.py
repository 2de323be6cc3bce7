"""What one training process does, from the settings to the delivered model."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import torch

from streammat.datasets import Faults
from streammat.errors import ConfigError, DeviceUnavailable, ProcessLost, unwritten
from streammat.training.checkpoint import LAST, weights_digest
from streammat.training.folder import RESULT, allow_replacing, check_folder, clear
from streammat.training.held_out import HeldOut
from streammat.training.journal import Journal
from streammat.training.loop import Intervals, Watch, run, unheard
from streammat.training.parallel import Group, is_lost_contact, join, launched, leave
from streammat.training.recipe import Recipe, budget_of, check_norms
from streammat.training.sources import open_data
from streammat.training.start import fresh_model
from streammat.training.trainer import AVERAGE, BEST, Trainer, Work


class Job(NamedTuple):
    """A run, as every process of it needs to know it.

    Attributes:
        recipe: with its length.
        cache: decoded pictures, see `streammat.training.cache`.
        out: folder of checkpoints and journal; it exists.
        start: weights to start from, see `starting_model`.
        encoder: published ImageNet weights of the network's encoder.
        every: steps between log lines, checkpoints and validations.
        device: ``cpu`` or ``cuda``.
        threads: of each process.
        processes: on this machine; torchrun sets its own.
        tensorboard: write events.
        data: folder of the data sets that a recipe with a ``[data]`` table names.
        pictures, alphas: folders to validate on, beside those that the recipe holds out.
        strict: refuse files that cannot be used.
        afresh: a run that is in `out` is removed, as soon as this one can begin.
        replaces: name of the model that this run may replace in the end, "" for none.
    """

    recipe: Recipe
    cache: Path
    out: Path
    start: str | None = None
    encoder: Path | None = None
    every: Intervals = Intervals()
    device: str = "cpu"
    threads: int = 1
    processes: int = 1
    tensorboard: bool = False
    data: Path | None = None
    pictures: Path | None = None
    alphas: Path | None = None
    strict: bool = False
    afresh: bool = False
    replaces: str = ""


class Outcome(NamedTuple):
    """How a run ended."""

    finished: bool  # False: stopped by its watch
    step: int
    seconds: float
    error: float | None  # the best validation, mean absolute error 0..1
    weights: Path | None  # what to deliver; None before the first checkpoint


def choose_device(name: str, local_rank: int = 0) -> torch.device:
    """The torch device of ``auto``, ``cpu`` or ``cuda``.

    Raises:
        ConfigError: another name.
        DeviceUnavailable: no GPU that this PyTorch can use.
    """
    if name not in {"auto", "cpu", "cuda"}:
        raise ConfigError(f"device {name!r}: use auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise DeviceUnavailable(
            "device cuda: this PyTorch sees no NVIDIA GPU; use --device cpu, or install a CUDA "
            "build of PyTorch (https://pytorch.org)"
        )
    if name == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", local_rank)


@contextlib.contextmanager
def _joined(rank: int, job: Job, meeting_file: Path | None) -> Iterator[Group]:
    launch = launched()
    local = launch.local_rank if launch else rank
    rank, size = (launch.rank, launch.size) if launch else (rank, job.processes)
    device = choose_device(job.device, local)
    group = join(rank, size, None if launch else meeting_file, device)
    try:
        yield group
    finally:
        leave(group)


class Prepared(NamedTuple):
    """A run before its first step."""

    trainer: Trainer
    held_out: HeldOut
    faults: Faults  # files that are left out, now and while it runs


def prepare(job: Job, group: Group, note: Callable[[str], None] = unheard) -> Prepared:
    """The trainer at its first step, and what it is validated on; `note` takes lines on data.

    Raises:
        StreammatError: whatever is wrong with recipe, data, weights or device.
    """
    recipe = job.recipe
    check_norms(recipe, "the recipe", group.size)
    check_folder(job.out, job.start, job.encoder)
    torch.manual_seed(recipe.seed)
    source, examples, faults = open_data(job, note, group)
    model = fresh_model(recipe.model, job.start, job.encoder)
    budget = budget_of(recipe, source.samples)
    given = job.start is not None or job.encoder is not None
    start = weights_digest(model) if given else "random"
    held_out = examples.fingerprint if len(examples) else "none"
    given_work = Work(model, recipe, source, budget, job.out, start, held_out)
    return Prepared(Trainer(given_work, group, group.device), examples, faults)


def work(rank: int, job: Job, meeting_file: Path | None, watch: Watch | None = None) -> Outcome:
    """Train as process `rank`; goes on where OUT/last.pt stopped.

    Args:
        rank: of this process, unless torchrun says.
        job: the same for every process.
        meeting_file: where the processes meet; None for one process, or under torchrun.
        watch: of this process.

    Raises:
        StreammatError: see `run` and `prepare`.
    """
    torch.set_num_threads(job.threads)
    cv2.setNumThreads(1)
    watch = watch or Watch()
    with _joined(rank, job, meeting_file) as group, _said_plainly(group), _without_denormals():
        trainer, examples, faults = _prepared(job, group, watch)
        known = faults.total
        _begin(job, group)
        if (job.out / LAST).is_file():
            trainer.resume(job.out / LAST)
        _check_together(trainer, job)
        journal = None
        if group.rank == 0:
            journal = Journal(job.out, trainer.step, tensorboard=job.tensorboard)
        try:
            finished = run(trainer, examples, job.every, journal, watch)
        finally:
            if journal:
                journal.close()
            if faults.total > known:
                watch.note(f"while training: {faults.summary()}")
        outcome = _outcome(trainer, finished)
        if group.rank == 0:
            _write_result(job, trainer, outcome)
    return outcome


@contextlib.contextmanager
def _said_plainly(group: Group) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if group.size == 1 or not is_lost_contact(error):
            raise
        raise ProcessLost(
            f"process {group.rank} of {group.size} has lost contact with another one, which ended "
            "or cannot be reached: its own lines say why"
        ) from error


@contextlib.contextmanager
def _without_denormals() -> Iterator[None]:
    """They are slow, and nothing to gradients; to whoever uses the process after us they may be."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def _prepared(job: Job, group: Group, watch: Watch) -> Prepared:
    """See `prepare`: what all processes look at is told by the first, what each meets by each."""
    silent = group.rank != 0

    def note(line: str) -> None:
        if not silent:
            watch.note(line)

    prepared = prepare(job, group, note)
    silent = False
    return prepared


def _check_together(trainer: Trainer, job: Job) -> None:
    """All processes go on from the same step with the same weights.

    Raises:
        ConfigError: they do not, as where each has a disk of its own.
    """
    group = trainer.group
    if group.size == 1:
        return
    first = group.from_first(trainer.step)
    state = float(int(weights_digest(trainer.model)[:12], 16))  # exact: 48 bits
    expected = group.from_first(state)  # asked by all, also where the step differs: else all wait
    same = first == trainer.step and expected == state
    if any(group.total([float(not same)])):
        raise ConfigError(
            f"process {group.rank} begins at step {trainer.step}, another at another step or with "
            f"other weights: all processes need the same folder --out {job.out}"
        )


def _begin(job: Job, group: Group) -> None:
    """Take a run away that shall begin again; only now, as all that was given has proved good."""
    if group.rank == 0:
        if job.afresh:
            clear(job.out)
        if job.replaces:
            allow_replacing(job.out, job.replaces)
    group.from_first(0.0)  # the others look into the folder behind this


def _outcome(trainer: Trainer, finished: bool) -> Outcome:
    validated = trainer.best < float("inf")  # else a best.pt is of a run that was killed
    if not validated:
        trainer.keep_average()
    weights = trainer.out / (BEST if validated else AVERAGE)
    error = trainer.best if validated else None
    return Outcome(finished, trainer.step, trainer.seconds, error, weights)


def _write_result(job: Job, trainer: Trainer, outcome: Outcome) -> None:
    record: dict[str, Any] = {
        "finished": outcome.finished,
        "step": outcome.step,
        "seconds": round(outcome.seconds, 1),
        "error": outcome.error,
        "weights": outcome.weights.name if outcome.weights else None,
        "settings": trainer.settings,
    }
    partial = job.out / f".{RESULT}.partial"
    try:
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        partial.replace(job.out / RESULT)
    except OSError as error:
        raise unwritten(job.out / RESULT, error) from error


def read_outcome(out: Path) -> Outcome:
    """The outcome that the first process wrote."""
    record = json.loads((out / RESULT).read_text(encoding="utf-8"))
    weights = out / record["weights"] if record["weights"] else None
    return Outcome(record["finished"], record["step"], record["seconds"], record["error"], weights)
