"""Times trials: op, libraries and a copy of the same bytes take turns, so that noise hits all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..record import LoadMeter, Spread
from .trial import Backend, Case, Cost, Size, Step, Trial, sets_for

__all__ = ["measured"]

COPY_SHARE = 0.70
REFERENCE_SIZE = "1080p"
LARGE_SIZE = "2160p"
ENOUGH_SECONDS = 4.0  # a slow library is not waited for as often


def measured(
    backend: Backend, cases: Sequence[Case], sizes: Sequence[Size], repeats: int
) -> Iterator[dict[str, Any]]:
    """One row for each case and size."""
    sets = sets_for(backend.cache_bytes)
    for case in cases:
        for size in sizes:
            if case.sizes and size.name not in case.sizes:
                continue
            trial = case.build(size, sets)
            with LoadMeter() as meter:
                costs = _costs(backend, trial, sets(trial.bytes), repeats)
            yield _row(backend, case, size, trial, costs, meter)


def _costs(backend: Backend, trial: Trial, sets: int, repeats: int) -> dict[str, Cost]:
    steps = {
        "ours": trial.ours,
        "copy": backend.copy(trial.bytes // 2, sets),
        **trial.rivals,
        **trial.cruder,
    }
    for step in (steps["ours"], steps["copy"]):  # compiles, and touches the memory of every set
        for index in range(sets):
            step(index)
    times = {name: _warmed(backend, step) for name, step in steps.items()}
    for turn in range(1, repeats):
        for name, step in steps.items():
            if sum(wall for wall, _ in times[name]) < ENOUGH_SECONDS * 1e3:
                times[name].append(backend.milliseconds(step, turn % sets))
    return {
        name: Cost(Spread.of([w for w, _ in pairs]), Spread.of([c for _, c in pairs]))
        for name, pairs in times.items()
    }


def _warmed(backend: Backend, step: Step) -> list[tuple[float, float]]:
    step(0)
    return [backend.milliseconds(step, 1)]


def _row(
    backend: Backend,
    case: Case,
    size: Size,
    trial: Trial,
    costs: dict[str, Cost],
    meter: LoadMeter,
) -> dict[str, Any]:
    """Ratios are of wall times; where others took part of the machine, of processor times."""
    valid = meter.load.valid

    def ms(name: str) -> float:
        return costs[name].wall_ms.median if valid else costs[name].cpu_ms.median

    rivals = {name: ms(name) for name in trial.rivals}
    best = min(rivals, key=rivals.__getitem__, default=None)
    row: dict[str, Any] = {
        "op": case.op,
        "kind": case.kind,
        "size": size.name,
        "backend": backend.name,
        "threads": backend.threads,
        "ms": costs["ours"].wall_ms,
        "cpu_ms": costs["ours"].cpu_ms,
        "bytes": trial.bytes,
        "gb_per_second": trial.bytes / ms("ours") * 1e-6,
        "copy_ms": costs["copy"].wall_ms,
        "copy_cpu_ms": costs["copy"].cpu_ms,
        "share_of_copy": ms("copy") / ms("ours"),
        "libraries_ms": {name: costs[name].wall_ms.median for name in rivals},
        "libraries_cpu_ms": {name: costs[name].cpu_ms.median for name in rivals},
        "best_library": best,
        "cruder_library_ms": {name: costs[name].wall_ms.median for name in trial.cruder},
        "times_cruder_library": {name: ms(name) / ms("ours") for name in trial.cruder},
        "times_best_library": rivals[best] / ms("ours") if best else None,
        "valid": valid,
        "foreign_cpu_share": round(meter.load.foreign_cpu_share, 3),
        **trial.facts,
    }
    if backend.name == "cuda":
        row |= _gpu_verdict(case, row, ms("ours"))
    elif size.name == REFERENCE_SIZE:
        row |= _verdict(case, row, ms("ours"))
        row["reached"] = row["reached"] and trial.as_good
        if case.exception and not row["reached"]:
            row["exception"] = case.exception
    return row


def _gpu_verdict(case: Case, row: dict[str, Any], ours_ms: float) -> dict[str, Any]:
    """A limit at 1080p, or a share of a copy at 2160p, where launches no longer count."""
    if row["size"] == REFERENCE_SIZE and case.limit_ms is not None:
        return {"wanted": f"at most {case.limit_ms:g} ms", "reached": ours_ms <= case.limit_ms}
    if row["size"] == LARGE_SIZE and case.copy_share is not None:
        wanted = f"{case.copy_share:.0%} of a copy"
        return {"wanted": wanted, "reached": row["share_of_copy"] >= case.copy_share}
    return {}


def _verdict(case: Case, row: dict[str, Any], ours_ms: float) -> dict[str, Any]:
    """What was wanted at 1080p, and whether it is so."""
    if case.limit_ms is not None:
        return {"wanted": f"at most {case.limit_ms:g} ms", "reached": ours_ms <= case.limit_ms}
    times = row["times_best_library"]
    faster = times is not None and times >= case.times
    if case.kind == "chain":
        return {"wanted": f"{case.times:g} times the best library", "reached": faster}
    wanted = f"{case.times:g} times the best library or {COPY_SHARE:.0%} of a copy"
    if case.times > 1:
        wanted = f"{case.times:g} times the best library"
    near_copy = case.times <= 1 and row["share_of_copy"] >= COPY_SHARE
    return {"wanted": wanted, "reached": faster or near_copy}
