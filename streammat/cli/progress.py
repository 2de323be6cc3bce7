"""How the work is shown, on stderr only: a live line, plain lines, JSON lines or nothing."""

from __future__ import annotations

import json
import sys
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from streammat.closing import Closes

if TYPE_CHECKING:
    from streammat.pipeline.progress import Progress

__all__ = ["FRAMES", "Display", "Wording", "clock", "open_display"]

_JSON_SECONDS = 1.0
_PLAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Wording:
    """How a state of some kind of work is put.

    Attributes:
        words: for a person.
        facts: for a line of JSON.
        done: what is done, and of how much (None: unknown).
    """

    words: Callable[[Any], str]
    facts: Callable[[Any], dict[str, Any]]
    done: Callable[[Any], tuple[float, float | None]]


def _words(progress: Progress) -> str:
    """``120/240 frames  24.5 fps  4.9 s left  encode is slowest``."""
    total = f"/{progress.total}" if progress.total is not None else ""
    parts = [f"{progress.frame}{total} frames"]
    if progress.fps > 0:
        parts.append(f"{progress.fps:.1f} fps")
    if progress.eta_seconds is not None:
        parts.append(f"{clock(progress.eta_seconds)} left")
    if progress.slowest:
        parts.append(f"{progress.slowest} is slowest")
    return "  ".join(parts)


def _facts(progress: Progress) -> dict[str, Any]:
    return {
        "frame": progress.frame,
        "total": progress.total,
        "fps": round(progress.fps, 2),
        "eta_seconds": None if progress.eta_seconds is None else round(progress.eta_seconds, 1),
        "slowest": progress.slowest or None,
    }


def _done(progress: Progress) -> tuple[float, float | None]:
    return progress.frame, progress.total


FRAMES = Wording(_words, _facts, _done)


def open_display(mode: str, wording: Wording | None = None) -> Display:
    """The display of ``auto|plain|json|none``; auto is live on a terminal, else plain.

    Args:
        mode: as said.
        wording: of the states that it is shown; None: those of a matting job.
    """
    if mode == "auto":
        mode = "live" if sys.stderr.isatty() else "plain"
    displays: dict[str, type[Display]] = {
        "live": Live,
        "plain": Plain,
        "json": Json,
        "none": Silent,
    }
    display = displays[mode]()
    display.wording = wording or FRAMES
    return display


class Display(Closes):
    """A context manager; ``update`` and ``note`` may be called from any thread."""

    wording: Wording = FRAMES

    def close(self) -> None:
        """End what is shown."""
        self.finish()

    def begin(self, title: str) -> None:
        """A new clip begins."""
        del title

    @abstractmethod
    def update(self, progress: Progress) -> None:
        """Show how far the job is."""

    def note(self, text: str) -> None:
        """One line that a person should read: an assumption, a choice, what is being waited for."""
        click.echo(text, err=True)

    def last_line(self, text: str) -> None:
        """The summary, shown in every mode."""
        click.echo(text, err=True)

    def finish(self) -> None:
        """Leave the terminal as it was."""
        return


class Silent(Display):
    """Notes and the summary only."""

    def update(self, progress: Progress) -> None:
        """Nothing."""


class _EverySecond(Display):
    """Shows a state at most every so many seconds."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._next = clock() + seconds

    def update(self, progress: Progress) -> None:
        now = self._clock()
        if now >= self._next:
            self._next = now + self._seconds
            self.show(progress)

    @abstractmethod
    def show(self, progress: Progress) -> None:
        """Write one line."""


class Plain(_EverySecond):
    """A line every few seconds, for logs."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(_PLAIN_SECONDS, clock)

    def show(self, progress: Progress) -> None:
        click.echo(self.wording.words(progress), err=True)


class Json(_EverySecond):
    """One JSON object a line: a ``progress`` a second, ``note`` as they come, ``done`` last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(_JSON_SECONDS, clock)

    def show(self, progress: Progress) -> None:
        self._write("progress", **self.wording.facts(progress))

    def begin(self, title: str) -> None:
        self._write("begin", input=title)

    def note(self, text: str) -> None:
        self._write("note", text=text)

    def last_line(self, text: str) -> None:
        self._write("done", text=text)

    @staticmethod
    def _write(event: str, **content: Any) -> None:
        click.echo(json.dumps({"event": event, **content}), err=True)


class Live(Display):
    """A bar that moves, with notes above it."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[words]}", markup=False),
            console=self._console,
            transient=True,
        )
        self._task: Any = None

    def begin(self, title: str) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(title, total=None, words="starting")
        self._bar.start()

    def update(self, progress: Progress) -> None:
        if self._task is not None:
            done, total = self.wording.done(progress)
            words = self.wording.words(progress) if done else "starting"
            self._bar.update(self._task, completed=done, total=total, words=words)

    def note(self, text: str) -> None:
        self._console.print(text, markup=False)

    def last_line(self, text: str) -> None:
        self.finish()
        self._console.print(text, markup=False)

    def finish(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
            self._bar.stop()


def clock(seconds: float) -> str:
    """``1:02:03``, ``2:03`` or ``3 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest} s"
