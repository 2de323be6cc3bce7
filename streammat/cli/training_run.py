"""What ``train`` and ``finetune`` share: processes, progress, the delivered model."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.failure import EXIT_INTERRUPTED
from streammat.cli.interrupt import interruptible
from streammat.cli.progress import Wording, clock, open_display
from streammat.errors import ConfigError, DependencyError, OutputError, unwritten

if TYPE_CHECKING:
    from filelock import BaseFileLock

    from streammat.training.loop import State
    from streammat.training.work import Job, Outcome

__all__ = [
    "DECODING",
    "LOCK",
    "STEPS",
    "Ended",
    "RunShown",
    "begin_folder",
    "check_model_name",
    "decode_once",
    "first_alone",
    "run_to_model",
    "say_end",
    "say_where",
    "show_run",
]


LOCK = ".run.lock"
DECODING = ".decoding.lock"


def _words(state: State) -> str:
    """``120/400 steps  2.1 steps/s  2:10 left  loss 0.412  error 0.0231``."""
    total = f"/{state.total}" if state.total else ""
    parts = [f"{state.step}{total} steps", f"{state.steps_per_second:.2f} steps/s"]
    if state.eta_seconds is not None:
        parts.append(f"{clock(state.eta_seconds)} left")
    parts.append(f"loss {state.loss:.4f}")
    if state.error is not None:
        parts.append(f"error {state.error:.4f}")
    return "  ".join(parts)


def _facts(state: State) -> dict[str, Any]:
    return {
        "step": state.step,
        "total": state.total,
        "share": round(state.share, 4),
        "steps_per_second": round(state.steps_per_second, 3),
        "eta_seconds": None if state.eta_seconds is None else round(state.eta_seconds, 1),
        "loss": round(state.loss, 6),
        "error": None if state.error is None else round(state.error, 6),
    }


def _done(state: State) -> tuple[float, float]:
    return state.share, 1.0


STEPS = Wording(_words, _facts, _done)


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that came to its end, or was stopped."""

    outcome: Outcome
    model: Path | None  # the exported graph, if there is one
    code: int


def check_model_name(name: str) -> None:
    """Refuse what the files of a model cannot be called, before hours of training.

    Raises:
        ConfigError: no plain name, or one whose card would replace the run's own record.
    """
    from streammat.catalogue.folder import checked_name
    from streammat.training.folder import RESULT

    if f"{checked_name(name)}.json" == RESULT:
        raise ConfigError(f"model name {name!r}: {RESULT} is the run's own record; use another")


def begin_folder(out: Path) -> None:
    """Make the folder of a run and hold it.

    Raises:
        OutputError: it cannot be made or written to, or another run is at work in it.
        DependencyError: filelock is missing.
    """
    from streammat.training.parallel import launched

    launch = launched()
    try:
        out.mkdir(parents=True, exist_ok=True)
        if launch is None or launch.rank == 0:
            _hold(out)
    except OSError as error:
        raise unwritten(f"--out {out}", error) from error


def _hold(out: Path) -> None:
    """Keep other runs out of the folder until this command ends, however it ends."""
    lock = _lock_at(out / LOCK)
    try:
        lock.acquire(timeout=0)
    except TimeoutError:  # of which filelock's is one
        raise OutputError(
            f"--out {out}: another run is at work in this folder; wait for it, stop it, "
            "or give another --out"
        ) from None
    click.get_current_context().call_on_close(lock.release)


def first_alone(say: Callable[[str], None]) -> Callable[[str], None]:
    """`say` in the first process of torchrun and outside of it; silence in the others."""
    from streammat.training.parallel import launched

    launch = launched()
    return _silent if launch is not None and launch.rank else say


def _lock_at(path: Path) -> BaseFileLock:
    try:
        from filelock import FileLock
    except ImportError as error:
        raise DependencyError(
            "filelock is missing, which keeps two runs apart: pip install 'streammat[train]'"
        ) from error
    return FileLock(str(path))


def decode_once(
    cache: Path, origin: str | None, build: Callable[[], None], *, overwrite: bool
) -> None:
    """Decode what is not decoded yet; each machine's first process does, the others wait for it.

    Machines that share the disk share the work, too: the lock is on it. Where another run is
    decoding into the same folder, its work is waited for and taken.

    Args:
        cache: folder of decoded data.
        origin: tells the files apart that it shall hold; None takes whatever it holds.
        build: decodes them into `cache`.
        overwrite: decode again where the cache holds other files.

    Raises:
        ConfigError: the cache holds other files, now or when another run has decoded into it, and
            `overwrite` is not given.
        OutputError: the folder cannot be written to.
        ResourceError: the disk is full.
        DependencyError: filelock is missing.
    """
    from streammat.training.cache import check_origin
    from streammat.training.parallel import launched

    def done() -> bool:
        return check_origin(cache, origin, overwrite=overwrite)

    launch = launched()
    if launch is not None and launch.local_rank:
        while not done():
            time.sleep(0.2)
        return
    if done():
        return
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with _decoding(cache):
            if not done():
                build()
    except OSError as error:
        raise unwritten(f"decoded data in {cache}", error) from error


@contextmanager
def _decoding(cache: Path) -> Iterator[None]:
    """Hold the folder while it is filled; says that another run holds it, and waits."""
    lock = _lock_at(cache / DECODING)
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        click.echo(f"{cache}: another run decodes into this folder; waiting for it", err=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def say_where(job: Job) -> None:
    """One line where a run goes on, begins again, or begins with weights that know nothing."""
    from streammat.training.checkpoint import LAST

    say, last = first_alone(partial(click.echo, err=True)), job.out / LAST
    if last.is_file() and not job.afresh:
        say(f"going on from {last}; --overwrite begins again")
        return
    if last.is_file():
        say(f"--overwrite: the run in {job.out} is removed as soon as this one can begin")
    if job.start is None and job.encoder is None:
        say(_from_nothing(job.recipe.frozen_stages))


def _from_nothing(frozen_stages: int) -> str:
    still = ""
    if frozen_stages:
        still = f", and the {frozen_stages} frozen stages of the encoder stay random"
    return (
        f"starts from random weights{still}; --encoder FILE starts the encoder from ImageNet's, "
        "--start NAME|FILE everything from a model's"
    )


def show_run(rank: int, job: Job, meeting_file: Path | None, mode: str = "auto") -> Outcome:
    """One training process with a display in the first one; Ctrl-C saves and stops.

    In a process of its own this is where everything begins.
    """
    from streammat.training.loop import Watch
    from streammat.training.parallel import launched
    from streammat.training.work import work

    launch = launched()
    first = (launch.rank if launch else rank) == 0
    with ExitStack() as stack:
        display = stack.enter_context(open_display(mode if first else "none", STEPS))
        say = display.note if first else _silent
        stop = stack.enter_context(interruptible(say, "saving a checkpoint"))
        display.begin(job.recipe.model)
        note = display.note if first else partial(click.echo, err=True)
        return work(rank, job, meeting_file, _watch(Watch, display.update, stop, note))


def _watch(kind: Any, update: Any, stop: threading.Event, say: Any) -> Any:
    return kind(on_step=update, stopped=stop.is_set, note=say)


def _silent(text: str) -> None:
    del text


@dataclass(frozen=True, slots=True)
class RunShown:
    """`show_run` with a mode, in a form that another process can be told."""

    mode: str

    def __call__(self, rank: int, job: Job, meeting_file: Path | None) -> Outcome:
        """See `show_run`."""
        return show_run(rank, job, meeting_file, self.mode)


def run_to_model(job: Job, mode: str, name: str | None, facts: dict[str, Any]) -> Ended | None:
    """Train in as many processes as the job says, then export the result.

    Args:
        job: what is trained.
        mode: of the display.
        name: of the exported model; None exports nothing.
        facts: for the model's card.

    Returns:
        None in the processes of torchrun that are not the first.

    Raises:
        StreammatError: see `streammat.training.work.work`.
    """
    from streammat.training.deliver import deliver
    from streammat.training.launch import run_processes
    from streammat.training.parallel import launched
    from streammat.training.work import read_outcome

    launch, process = launched(), RunShown(mode)
    if launch is None and job.processes > 1:
        with interruptible(_silent) as stop:  # the processes say it
            run_processes(process, job, stop.is_set)
        outcome = read_outcome(job.out)
    else:
        outcome = process(0, job, None)
    if launch is not None and launch.rank:
        return None
    if not outcome.finished or outcome.weights is None:
        return Ended(outcome, None, EXIT_INTERRUPTED)
    if name is None:
        return Ended(outcome, None, 0)
    from streammat.models import GfmConfig

    card = {"training": {"step": outcome.step, "error": outcome.error, **facts}}
    rosta = GfmConfig.from_name(job.recipe.model).rosta
    model = deliver(outcome.weights, job.out, name, card, rosta)
    return Ended(outcome, model, 0)


def say_end(ended: Ended, again: str, *, overwritten: bool) -> None:
    """The last lines on stderr.

    Args:
        ended: the run.
        again: the command.
        overwritten: it was given ``--overwrite``, with which it would begin again.
    """
    outcome = ended.outcome
    error = "" if outcome.error is None else f", best validation error {outcome.error:.4f}"
    click.echo(f"{outcome.step} steps in {clock(outcome.seconds)}{error}", err=True)
    if ended.code:
        how = "the same command" + (", without --overwrite" if overwritten else "")
        click.echo(f"stopped; go on with: {again} ({how})", err=True)
    elif ended.model is None:
        click.echo(f"weights: {outcome.weights}", err=True)
    else:
        click.echo(f"use it: streammat matte CLIP --model {ended.model}", err=True)
