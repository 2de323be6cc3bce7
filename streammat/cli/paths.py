"""Which file each input's result goes to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from streammat.settings import OutputRequest

__all__ = ["STDOUT", "Job", "plain_stem", "plan_jobs", "same_place"]

STDIN = STDOUT = "-"


@dataclass(frozen=True, slots=True)
class Job:
    """One input and what is made of it."""

    source: str
    outputs: tuple[OutputRequest, ...]


def plan_jobs(
    sources: Sequence[str],
    outputs: Sequence[OutputRequest],
    folder: str | None,
    suffix: str,
    many: str = "--out-dir",
) -> list[Job]:
    """Pair inputs with outputs.

    Args:
        sources: paths as given.
        outputs: of ``-o``; only with a single input.
        folder: of ``--out-dir``; None = the current folder.
        suffix: of a default output, ".mov" unless a preset says otherwise.
        many: what the command has for several inputs, for the message.

    Raises:
        click.UsageError: ``-o`` with several inputs or with ``--out-dir``, two inputs whose
            default outputs have the same name, or the same output twice.
    """
    if outputs and folder is not None:
        raise click.UsageError("-o and --out-dir exclude each other: -o names the file itself")
    if outputs and len(sources) > 1:
        raise click.UsageError(
            f"-o names one result, but there are {len(sources)} inputs; use {many}"
        )
    if outputs:
        jobs = [Job(sources[0], tuple(outputs))]
    else:
        jobs = [Job(source, (_default(source, folder, suffix),)) for source in sources]
    _refuse_twins([request.path for job in jobs for request in job.outputs])
    return jobs


def same_place(first: str, second: str) -> bool:
    """Whether a file is the other path or one of its sequence, links and spellings apart."""
    from streammat.media.counter import counter_of

    file, other = Path(first).resolve(), Path(second).resolve()
    counter = None if other.exists() else counter_of(second)
    of_sequence = counter is not None and counter.expression().fullmatch(file.name) is not None
    return file == other or (of_sequence and file.parent == other.parent)


def _default(source: str, folder: str | None, suffix: str) -> OutputRequest:
    """``STEM.matte.mov``; a sequence's name loses its counter: ``shot.%04d.png`` gives ``shot``."""
    if source == STDIN:
        return OutputRequest(str(Path(folder or "") / f"stdin.matte{suffix}"))
    stem = Path(source).name if Path(source).is_dir() else Path(source).stem
    stem = _without_counter(stem, whole=Path(source).exists())
    name = f"{stem or 'sequence'}.matte{suffix}"
    return OutputRequest(str(Path(folder or "") / name))


def plain_stem(source: str) -> str:
    """The stem of a file that exists, without what would count in an output's name."""
    stem = Path(source).stem
    plain = _without_counter(stem, whole=True)
    return stem if plain == stem else plain.rstrip("._- ") or "picture"


def _without_counter(stem: str, *, whole: bool) -> str:
    """What a pattern or a glob begins with; ``whole`` leaves out what would count and no more."""
    from streammat.media.counter import counter_of

    while counter := counter_of(stem):
        stem = counter.before + (counter.after if whole else "")
    return stem if whole else re.split(r"[*?\[]", stem, maxsplit=1)[0].rstrip("._- ")


def _refuse_twins(paths: Sequence[str]) -> None:
    seen: set[str] = set()
    for path in paths:
        key = path if path == STDOUT else str(Path(path).resolve())
        if key in seen:
            raise click.UsageError(
                f"two results would be written to {path}; give each its own name"
            )
        seen.add(key)
