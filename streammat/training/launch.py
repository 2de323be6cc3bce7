"""Several training processes on one machine, and their errors in the first one."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from torch.multiprocessing.spawn import ProcessException, spawn

import streammat.errors as known
from streammat.errors import StreammatError
from streammat.training.work import Job

Process = Callable[[int, Job, Path], object]
"""What runs in each process: rank, job, meeting file; a function of a module, so that it can be
found again in a fresh interpreter."""


def run_processes(process: Process, job: Job) -> None:
    """Run `process` in `job.processes` fresh interpreters and wait; all end with the first fault.

    Raises:
        StreammatError: as the process at fault raised it.
        RuntimeError: a process was killed, or ended by an error that is our own.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            arguments = (process, job, folder)
            spawn(_guarded, arguments, nprocs=job.processes)  # type: ignore[no-untyped-call]
        except ProcessException as error:
            raise _first_fault(folder) or RuntimeError(str(error)) from error


def _guarded(rank: int, process: Process, job: Job, folder: Path) -> None:
    """Leave an expected error where the parent finds it; others keep their traceback."""
    try:
        process(rank, job, folder / "meeting")
    except StreammatError as error:
        record = {"kind": type(error).__name__, "text": str(error)}
        (folder / f"fault-{rank}.json").write_text(json.dumps(record), encoding="utf-8")
        raise


def _first_fault(folder: Path) -> StreammatError | None:
    faults = sorted(folder.glob("fault-*.json"), key=lambda path: path.stat().st_mtime_ns)
    if not faults:
        return None
    record = json.loads(faults[0].read_text(encoding="utf-8"))
    kind = getattr(known, record["kind"], StreammatError)
    error = kind(record["text"])
    assert isinstance(error, StreammatError)
    return error
