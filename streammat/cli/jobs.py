"""Runs jobs one after the other, with progress on stderr: what matte, image and demo share."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from streammat.cli.failure import (
    EXIT_INTERRUPTED,
    EXIT_LOST_FRAMES,
    EXIT_USAGE,
    drop_stdout,
    explain,
)
from streammat.cli.interrupt import interruptible
from streammat.cli.paths import Job
from streammat.cli.progress import Display, open_display
from streammat.errors import OutputError
from streammat.settings import MatteSettings

if TYPE_CHECKING:
    from streammat.matting import KeptMatter
    from streammat.pipeline.report import JobReport

__all__ = ["folder_for_now", "make_folder", "run_all", "run_job", "say_device"]


def make_folder(folder: str | None) -> None:
    """Make the folder of ``--out-dir``; OutputError where that cannot be done."""
    if folder is None:
        return
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"--out-dir {folder} cannot be made: {error.strerror}") from error


@contextmanager
def folder_for_now(folder: str | None) -> Iterator[None]:
    """The folder of ``--out-dir`` while a job is only checked; what was made of it goes again."""
    wanted = Path(folder or ".")
    made = [place for place in (wanted, *wanted.parents) if not place.exists()]
    make_folder(folder)
    try:
        yield
    finally:
        for place in made:
            with suppress(OSError):  # somebody else has put something into it
                place.rmdir()


def run_all(
    jobs: Sequence[Job], settings: MatteSettings, progress: str
) -> tuple[list[dict[str, Any]], int]:
    """Every job in turn, with one network; a bad input does not keep the others from being done.

    Returns:
        A JSON entry for every job that was begun, and the exit code of all together.
    """
    from streammat.matting import KeptMatter

    results: list[dict[str, Any]] = []
    codes: list[int] = []
    with ExitStack() as stack:
        kept = stack.enter_context(KeptMatter())
        display = stack.enter_context(open_display(progress))
        cancel = stack.enter_context(interruptible(display.note))
        say_device(settings, display)
        for job in jobs:
            result, code = _outcome(job, settings, display, cancel, kept)
            results.append({"input": job.source, "exit_code": code, **result})
            codes.append(code)
            if code not in {0, EXIT_USAGE, EXIT_LOST_FRAMES}:
                break
    return results, _overall(codes)


def _overall(codes: Sequence[int]) -> int:
    """What ended the run, else 2 before 3: an input without a result is worse than a gap in one."""
    if codes[-1] not in {0, EXIT_USAGE, EXIT_LOST_FRAMES}:
        return codes[-1]
    return min((code for code in codes if code), default=0)


def _outcome(
    job: Job,
    settings: MatteSettings,
    display: Display,
    cancel: threading.Event,
    kept: KeptMatter,
) -> tuple[dict[str, Any], int]:
    try:
        report = run_job(job, settings, display, cancel, kept)
    except BrokenPipeError:
        drop_stdout()
        display.finish()
        return _reader_left(len(job.outputs) > 1, display)
    except Exception as error:  # whatever ends a job is one line, one JSON entry, one exit code
        line, code = explain(error, click.get_current_context().find_object(list) or ())
        display.finish()
        display.note(f"streammat: {line}")
        return {"error": line}, code
    display.last_line(report.last_line())
    return {"report": report.to_json()}, report.exit_code


def _reader_left(others: bool, display: Display) -> tuple[dict[str, Any], int]:
    """Who reads a pipe may leave when he has what he wanted; other outputs are unfinished then."""
    line = "the reader of -o - has left"
    if not others:
        return {"error": line}, 0
    line += "; the other outputs end there, too"
    display.note(f"streammat: {line}")
    return {"error": line}, EXIT_INTERRUPTED


def say_device(settings: MatteSettings, display: Display) -> None:
    """What ``--device auto`` chose and why, once a run."""
    from streammat.device import choose_device

    if settings.device == "auto":
        display.note(choose_device("auto", settings.threads).reason)


def run_job(
    job: Job,
    settings: MatteSettings,
    display: Display,
    cancel: threading.Event,
    kept: KeptMatter | None = None,
) -> JobReport:
    """One job with its progress on ``display``; its last line is left to the caller."""
    from streammat.pipeline.job import matte_file

    display.begin(Path(job.source).name)
    return matte_file(
        job.source,
        job.outputs,
        settings,
        on_progress=display.update,
        notify=display.note,
        cancel=cancel,
        kept=kept,
    )
