"""Milliseconds on the GPU: warmed up, several times, with what the clocks did meanwhile."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from typing import Any

from benchmarks.gpu.watch import watch
from benchmarks.record import Spread

WARM_UPS = 100
REPEATS = 5
_SECONDS = 0.3  # one repeat lasts about this long
_QUERY = (
    "name",
    "driver_version",
    "clocks.sm",
    "clocks.mem",
    "clocks.max.sm",
    "power.draw",
    "temperature.gpu",
    "clocks_event_reasons.active",
    "clocks_event_reasons.sw_power_cap",
    "clocks_event_reasons.hw_slowdown",
    "clocks_event_reasons.sw_thermal_slowdown",
)


def gpu_state() -> dict[str, str]:
    """Clocks, power and throttle reasons as the driver's own program tells them."""
    command = ["nvidia-smi", f"--query-gpu={','.join(_QUERY)}", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return {"error": " ".join(str(error).split())[:200]}
    values = [part.strip() for part in done.stdout.splitlines()[0].split(",")]
    return dict(zip(_QUERY, values, strict=False))


def gpu_ms(
    work: Callable[[], object], stream: Any, *, warm_ups: int = WARM_UPS, seconds: float = _SECONDS
) -> Spread:
    """Milliseconds a call: calls one after another on ``stream``, between two events.

    Args:
        work: gives one call's work to the stream and returns.
        stream: a CuPy stream.
        warm_ups: calls before anything is timed.
        seconds: about as long lasts one repeat, of at least ten calls.
    """
    for _ in range(warm_ups):
        work()
    stream.synchronize()
    calls = max(10, int(seconds * 1e3 / max(_once(work, stream, 10) / 10, 1e-3)))
    times = [_once(work, stream, calls) / calls for _ in range(REPEATS)]
    return Spread.of(times)


def measured(
    work: Callable[[], object], stream: Any, *, warm_ups: int = WARM_UPS, seconds: float = _SECONDS
) -> dict[str, Any]:
    """``time`` as ``gpu_ms`` has it, and under ``gpu`` what the clocks did meanwhile."""
    begin = time.monotonic()
    spread = gpu_ms(work, stream, warm_ups=warm_ups, seconds=seconds)
    return {"time": spread, "gpu": watch().between(begin, time.monotonic())}


def _once(work: Callable[[], object], stream: Any, calls: int) -> float:
    import cupy

    start, end = cupy.cuda.Event(), cupy.cuda.Event()
    start.record(stream)
    for _ in range(calls):
        work()
    end.record(stream)
    end.synchronize()
    return float(cupy.cuda.get_elapsed_time(start, end))


def torch_ms(work: Callable[[], object]) -> Spread:
    """The same for PyTorch, on its current stream."""
    return gpu_ms(work, _torch_stream())


def torch_measured(work: Callable[[], object]) -> dict[str, Any]:
    """``measured`` for PyTorch, on its current stream."""
    return measured(work, _torch_stream())


def _torch_stream() -> Any:
    import torch

    from streammat_kernels.interop import cupy_stream

    return cupy_stream(torch.cuda.current_stream().cuda_stream)


def matrix_rate() -> float:
    """FP16 matrix products a second, in TFLOP/s, best of five on 8192 x 8192."""
    import torch

    side = 8192
    first, second = (torch.randn(side, side, device="cuda", dtype=torch.half) for _ in range(2))
    spread = torch_ms(lambda: first @ second)
    return 2 * side**3 / (spread.minimum * 1e-3) / 1e12
