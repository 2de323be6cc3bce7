"""The file of ``--report``: where it may lie, and how it is written."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from streammat.cli.output import envelope
from streammat.cli.paths import STDOUT, Job, same_place
from streammat.errors import OutputError, unwritten
from streammat.settings import MatteSettings

__all__ = ["check_report", "write_report"]


def check_report(path: Path, jobs: Sequence[Job], settings: MatteSettings) -> None:
    """Refuse a place for the report before a night's work, not after it.

    Args:
        path: of ``--report``.
        jobs: whose inputs and outputs it must not be.
        settings: of the jobs; nor may it be a guide, the background, a LUT or the model.

    Raises:
        OutputError: its folder is missing or locked, or it would replace what is no report.
    """
    if not path.parent.is_dir():
        raise OutputError(f"--report {path}: there is no folder {path.parent}; create it first")
    for role, used in _used(jobs, settings):
        if same_place(str(path), used):
            raise OutputError(f"--report {path}: is {role} of the job; choose another name")
    if path.is_file() and not _holds_json(path):
        raise OutputError(
            f"--report {path}: exists and holds no JSON; only an older report is replaced, "
            "choose another name"
        )
    if (path.exists() and not path.is_file()) or not os.access(path.parent, os.W_OK):
        raise OutputError(f"--report {path} cannot be written; choose another place")


def write_report(path: Path, content: dict[str, Any]) -> None:
    """Write it under a temporary name first, so that nobody reads half of it.

    Raises:
        OutputError: it cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")
    try:
        draft.write_text(json.dumps(envelope("matte", content), indent=2) + "\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise unwritten(f"--report {path}", error) from error


def _used(jobs: Iterable[Job], settings: MatteSettings) -> Iterator[tuple[str, str]]:
    """Each file of the jobs with what it is to them."""
    for job in jobs:
        yield "an input", job.source
        for request in job.outputs:
            if request.path != STDOUT:
                yield "an output", request.path
    guides = {
        "the garbage matte": settings.garbage,
        "the holdout matte": settings.holdout,
        "the background": settings.background,
        "the LUT": settings.input_colour,
        "the model": settings.model,
    }
    for role, used in guides.items():
        if used:
            yield role, used


def _holds_json(path: Path) -> bool:
    """True for an older report, and for an empty file that was made to hold one."""
    with suppress(OSError, ValueError):
        with path.open("rb") as file:
            if file.read(1) not in {b"", b"{", b"["}:  # no clip is read as a whole to be refused
                return False
        return not path.stat().st_size or bool(json.loads(path.read_text(encoding="utf-8")))
    return False
