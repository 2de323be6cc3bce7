"""TensorRT's own messages: the last error is kept for ours, progress is passed on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Literal

__all__ = ["Blame", "blamed", "is_out_of_memory", "make_log", "make_monitor"]

Blame = Literal["memory", "device", "model", ""]

# How TensorRT 8 to 11 and CUDA say it; there is no code to ask for.
_NO_MEMORY = re.compile(
    r"out ?of ?memory|memory\b.*could not be allocated|MemoryAllocation", re.IGNORECASE
)
# Code 1 is CUDA's own; the SM is what a release no longer or not yet builds for.
_DEVICE = re.compile(
    r"Error Code 1\b|cudaError\b|CUDA initialization failure|no kernel image|driver version"
    r"|\bSM\b.*not supported|unsupported SM\b",
    re.IGNORECASE,
)
_MODEL = re.compile(
    r"could not find any implementation|network validation|Error Code 4\b|unsupported operator",
    re.IGNORECASE,
)
_LONGEST = 300  # characters of a message
_STEP = 25  # per cent between two progress lines


def is_out_of_memory(reason: str) -> bool:
    """Whether a message of TensorRT says that the GPU's memory is too small."""
    return _NO_MEMORY.search(reason) is not None


def blamed(errors: Sequence[str]) -> tuple[Blame, str]:
    """What a build failed for, and the message that says so; "" where none of them tells.

    The last message often says no more than that there is no engine, so the ones before it count,
    too, the later the more.
    """
    kinds: tuple[tuple[Blame, re.Pattern[str]], ...] = (
        ("memory", _NO_MEMORY),
        ("device", _DEVICE),
        ("model", _MODEL),
    )
    for error in reversed(errors):
        for kind, pattern in kinds:
            if pattern.search(error):
                return kind, error[:_LONGEST]
    return "", errors[-1][:_LONGEST] if errors else "it gives no reason"


def make_log(trt: Any) -> Any:
    """A logger of this TensorRT that prints nothing; ``reason()`` is the last error in one line."""

    class Log(trt.ILogger):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            """Keep errors; warnings of a working build help nobody."""
            if severity in {trt.ILogger.ERROR, trt.ILogger.INTERNAL_ERROR}:
                self.errors.append(" ".join(str(message).split()))

        def reason(self) -> str:
            return self.errors[-1][:_LONGEST] if self.errors else ""

    return Log()


def make_monitor(trt: Any, say: Callable[[str], None], stopped: Callable[[], bool]) -> Any:
    """A progress monitor of this TensorRT (10 and later) that tells each quarter of a phase.

    The build ends without a plan at the first step after ``stopped``.
    """

    class Monitor(trt.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            trt.IProgressMonitor.__init__(self)
            self._phases: dict[str, tuple[int, int]] = {}

        def phase_start(self, phase: str, _parent: str | None, steps: int) -> None:
            self._phases[phase] = (max(1, steps), -1)

        def step_complete(self, phase: str, step: int) -> bool:
            steps, said = self._phases.get(phase, (1, -1))
            now = min(100, 100 * (step + 1) // steps) // _STEP
            if now > said and steps >= _STEP:
                say(f"{phase} {now * _STEP} %")
            self._phases[phase] = (steps, max(now, said))
            return not stopped()

        def phase_finish(self, phase: str) -> None:
            self._phases.pop(phase, None)

    return Monitor()
