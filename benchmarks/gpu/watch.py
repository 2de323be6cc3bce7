"""What the GPU's clocks, power and throttling do while something is timed."""

from __future__ import annotations

import atexit
import subprocess
import threading
import time
from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

__all__ = ["Watch", "watch"]

_QUERY = (
    "clocks.sm",
    "clocks.mem",
    "power.draw",
    "temperature.gpu",
    "clocks_event_reasons.active",
)
_EVERY_MS = 100
_KEPT = 20_000  # samples, half an hour of them


class _Sample(NamedTuple):
    moment: float
    sm_mhz: float
    memory_mhz: float
    watts: float
    celsius: float
    reasons: int


class Watch:
    """Asks ``nvidia-smi`` ten times a second, in a process of its own, until this one ends.

    Attributes:
        refusal: why there are no samples, "" where there is nothing to say.
    """

    def __init__(self, program: Sequence[str] = ("nvidia-smi",)) -> None:
        self._samples: deque[_Sample] = deque(maxlen=_KEPT)
        self.refusal = ""
        query = f"--query-gpu={','.join(_QUERY)}"
        command = [*program, query, "--format=csv,noheader,nounits", "-i", "0", "-lms"]
        try:
            self._process = subprocess.Popen(
                [*command, str(_EVERY_MS)],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        except OSError as error:
            self.refusal = " ".join(str(error).split())[:200]
            return
        atexit.register(self._process.kill)
        threading.Thread(target=self._read, name="gpu watch", daemon=True).start()

    def between(self, begin: float, end: float) -> dict[str, Any]:
        """Lowest and highest clocks, highest power and temperature, every reason to throttle.

        Args:
            begin, end: of ``time.monotonic()``.
        """
        seen = [sample for sample in list(self._samples) if begin <= sample.moment <= end]
        if not seen:
            return {"samples": 0, "why": self.refusal or "nvidia-smi told nothing meanwhile"}
        reasons = 0
        for sample in seen:
            reasons |= sample.reasons
        return {
            "samples": len(seen),
            "sm_mhz": [min(s.sm_mhz for s in seen), max(s.sm_mhz for s in seen)],
            "memory_mhz": [min(s.memory_mhz for s in seen), max(s.memory_mhz for s in seen)],
            "watts": max(s.watts for s in seen),
            "celsius": max(s.celsius for s in seen),
            "clocks_event_reasons": hex(reasons),
        }

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                *numbers, reasons = (part.strip() for part in line.split(","))
                sm, memory, watts, celsius = (float(number) for number in numbers)
                now = time.monotonic()
                self._samples.append(_Sample(now, sm, memory, watts, celsius, int(reasons, 16)))
            except ValueError:  # [N/A], or a line of an error
                self.refusal = line.strip()[:200]


@cache
def watch() -> Watch:
    """The one of this process; it begins with the first call."""
    return Watch()
