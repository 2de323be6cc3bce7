"""The kernel benchmark's own arithmetic: rotation, verdicts, rows; no timing is judged."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.kernels import BACKENDS, main, trial
from benchmarks.kernels.measure import measured
from benchmarks.kernels.trial import Case, Size, Step, Trial, sets_for

MIB = 1 << 20
FULL = Size(1080, 1920)


class Scripted:
    """A backend whose clock says what the step's script says."""

    name, cache_bytes, threads = "scripted", MIB, 2

    def __init__(self, copy_ms: float = 1.0) -> None:
        self.copy_ms = copy_ms
        self.seen: dict[int, set[int]] = {}

    def cases(self) -> Sequence[Case]:
        return []

    def copy(self, count: int, sets: int) -> Step:
        assert count * 2 * sets >= 4 * self.cache_bytes
        return lambda index: self.copy_ms

    def milliseconds(self, step: Step, index: int) -> tuple[float, float]:
        took = float(str(step(index)))
        return took, took


def takes(ms: float) -> Step:
    return lambda index: ms


def row(case: Case, backend: Scripted | None = None) -> dict[str, object]:
    return next(measured(backend or Scripted(), [case], [FULL], repeats=5))


def case(ours: float, rival: float | None = None, **wanted: object) -> Case:
    rivals = {} if rival is None else {"library": takes(rival)}
    kind = wanted.pop("kind", "op")
    build: Callable[..., Trial] = lambda size, sets: Trial(takes(ours), 2 * MIB, rivals)  # noqa: E731
    return Case("an op", kind, build, **wanted)  # type: ignore[arg-type]


def test_buffers_rotate_over_four_times_the_cache() -> None:
    assert sets_for(32 * MIB)(10 * MIB) == 13
    assert sets_for(32 * MIB)(1000 * MIB) == 2
    assert sets_for(32 * MIB)(1) == trial.MOST_SETS


def test_every_set_of_buffers_is_used() -> None:
    seen = set[int]()

    def ours(index: int) -> float:
        seen.add(index)
        return 1.0

    row(Case("an op", "op", lambda size, sets: Trial(ours, MIB)))
    assert seen == {0, 1, 2, 3}


def test_an_op_is_held_to_the_best_library_or_to_the_copy() -> None:
    assert row(case(2.0, 1.95))["reached"]
    assert not row(case(2.0, 1.8))["reached"]
    assert row(case(1.4))["reached"]
    assert not row(case(1.5))["reached"]


def test_a_chain_is_held_to_twice_the_library_even_when_near_the_copy() -> None:
    assert not row(case(1.0, 1.9, kind="chain", times=2.0))["reached"]
    assert row(case(1.0, 2.0, kind="chain", times=2.0))["reached"]


def test_a_limit_in_milliseconds_decides_alone() -> None:
    assert row(case(4.9, 0.1, limit_ms=5.0))["reached"]
    assert not row(case(5.1, 99.0, limit_ms=5.0))["reached"]


def test_a_fast_but_worse_result_reaches_nothing() -> None:
    build: Callable[..., Trial] = lambda size, sets: Trial(  # noqa: E731
        takes(1.0), MIB, {"library": takes(9.0)}, as_good=False
    )
    assert not row(Case("an op", "op", build))["reached"]


def test_an_exception_says_why_only_where_the_aim_is_missed() -> None:
    assert row(case(2.0, 1.0, exception="because"))["exception"] == "because"
    assert "exception" not in row(case(2.0, 3.0, exception="because"))


def test_a_row_says_bytes_a_second_and_the_share_of_a_copy() -> None:
    found = row(case(2.0, 6.0))
    assert found["gb_per_second"] == pytest.approx(2 * MIB / 2e-3 / 1e9)
    assert found["share_of_copy"] == pytest.approx(0.5)
    assert found["times_best_library"] == pytest.approx(3.0)


def test_other_sizes_are_measured_but_not_judged() -> None:
    found = next(measured(Scripted(), [case(1.0)], [Size(720, 1280)], repeats=3))
    assert found["size"] == "720p"
    assert "reached" not in found


def test_an_op_that_fails_is_written_down_and_the_others_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(size: Size, sets: Callable[[int], int]) -> Trial:
        raise RuntimeError("no such\n kernel")

    class Three(Scripted):
        def cases(self) -> Sequence[Case]:
            first, last = (replace(case(1.0), op=name) for name in ("first", "last"))
            return [first, Case("broken", "op", broken), last]

    monkeypatch.setitem(BACKENDS, "cuda", lambda _: Three())
    path = tmp_path / "kernels.json"
    assert main(["--device", "cuda", "--quick", "--json", str(path)]) == 1
    found = json.loads(path.read_text())
    assert [row["op"] for row in found["rows"]] == ["first", "last"]
    assert found["failed"] == {"broken": "RuntimeError: no such kernel"}


def test_the_cpu_is_a_backend() -> None:
    assert "cpu" in BACKENDS
