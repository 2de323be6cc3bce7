"""The clocks beside a timing: what is kept of the driver's samples."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from benchmarks.gpu.watch import Watch

LINES = """
print("1980, 2619, 310.5, 55, 0x0000000000000001", flush=True)
print("[N/A], 2619, 1, 1, 0x0", flush=True)
print("1755, 2619, 690.1, 61, 0x0000000000000004", flush=True)
"""


def test_extremes_and_every_reason_are_kept(tmp_path: Path) -> None:
    (tmp_path / "smi.py").write_text(LINES)
    begin = time.monotonic()
    watch = Watch([sys.executable, str(tmp_path / "smi.py")])
    while watch.between(begin, time.monotonic()).get("samples", 0) < 2:
        assert time.monotonic() - begin < 60
        time.sleep(0.01)
    seen = watch.between(begin, time.monotonic())
    assert seen == {
        "samples": 2,
        "sm_mhz": [1755.0, 1980.0],
        "memory_mhz": [2619.0, 2619.0],
        "watts": 690.1,
        "celsius": 61.0,
        "clocks_event_reasons": "0x5",
    }
    assert watch.between(begin - 2, begin - 1)["samples"] == 0


def test_without_the_drivers_program_nothing_fails() -> None:
    seen = Watch(["no-such-program"]).between(0.0, time.monotonic())
    assert seen["samples"] == 0
    assert "no-such-program" in seen["why"]
