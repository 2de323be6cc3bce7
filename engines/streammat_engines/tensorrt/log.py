"""TensorRT's own messages: the last error is kept for ours, progress is passed on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

__all__ = ["is_out_of_memory", "make_log", "make_monitor"]

# How TensorRT 8 to 11 and CUDA say it; there is no code to ask for.
_NO_MEMORY = re.compile(
    r"out ?of ?memory|memory\b.*could not be allocated|MemoryAllocation", re.IGNORECASE
)
_STEP = 25  # per cent between two progress lines


def is_out_of_memory(reason: str) -> bool:
    """Whether a message of TensorRT says that the GPU's memory is too small."""
    return _NO_MEMORY.search(reason) is not None


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
            return self.errors[-1][:300] if self.errors else ""

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
