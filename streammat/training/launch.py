"""Several training processes on one machine, and their errors in the first one."""

from __future__ import annotations

import json
import os
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from torch.multiprocessing.spawn import ProcessContext, ProcessException, spawn

import streammat.errors as known
from streammat.errors import StreammatError
from streammat.training.work import Job

Process = Callable[[int, Job, Path], object]
"""What runs in each process: rank, job, meeting file; a function of a module, so that it can be
found again in a fresh interpreter."""


_GLANCE_SECONDS, _AGAIN_SECONDS = 0.3, 10.0


def run_processes(process: Process, job: Job, stopped: Callable[[], bool] = lambda: False) -> None:
    """Run `process` in `job.processes` fresh interpreters and wait; all end with the first fault.

    Args:
        process: what runs in each.
        job: for each.
        stopped: whether this process was asked to stop; the others are asked then, and waited for.

    Raises:
        StreammatError: as the process at fault raised it.
        KeyboardInterrupt: a process ended early as it was asked to stop.
        RuntimeError: a process was killed, or ended by an error that is our own.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            arguments = (process, job, folder)
            context = spawn(  # type: ignore[no-untyped-call]
                _guarded, arguments, nprocs=job.processes, join=False
            )
            _wait(context, stopped)
        except ProcessException as error:
            fault = _first_fault(folder)
            if fault is None and stopped():
                raise KeyboardInterrupt from error
            raise fault or RuntimeError(str(error)) from error


def _wait(context: ProcessContext, stopped: Callable[[], bool]) -> None:
    """Until all have ended; a stop is passed on until then, also to those who have heard of it.

    Not so often that a second Ctrl-C would always meet one of these signals, right behind which it
    does not count; see `streammat.cli.interrupt`.
    """
    again = 0.0
    while not context.join(timeout=_GLANCE_SECONDS):
        now = time.monotonic()
        if stopped() and now >= again and os.name == "posix":  # elsewhere Ctrl-C reaches all
            again = now + _AGAIN_SECONDS
            for process in context.processes:
                with suppress(ProcessLookupError):
                    if process.is_alive():
                        os.kill(process.pid, signal.SIGTERM)


def _guarded(rank: int, process: Process, job: Job, folder: Path) -> None:
    """Leave an expected error where the parent finds it; others keep their traceback."""
    # A stop that comes before or behind the run must not end the process: the parent repeats it.
    for name in ("SIGTERM", "SIGHUP") if os.name == "posix" else ():
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    try:
        process(rank, job, folder / "meeting")
    except StreammatError as error:
        record = {"kind": type(error).__name__, "text": str(error)}
        (folder / f"fault-{rank}.json").write_text(json.dumps(record), encoding="utf-8")
        raise


def _first_fault(folder: Path) -> StreammatError | None:
    """The fault that the others followed."""
    files = sorted(folder.glob("fault-*.json"), key=lambda path: path.stat().st_mtime_ns)
    faults = [json.loads(path.read_text(encoding="utf-8")) for path in files]
    if not faults:
        return None
    record = min(faults, key=lambda fault: fault["kind"] == known.ProcessLost.__name__)
    kind = getattr(known, record["kind"], StreammatError)
    error = kind(record["text"])
    assert isinstance(error, StreammatError)
    return error
