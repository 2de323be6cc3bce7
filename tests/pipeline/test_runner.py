"""The runner: order whatever the delays, prompt and clean ends whatever fails."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streammat.pipeline.queue import Pool
from streammat.pipeline.runner import Runner

FRAMES = 24


@dataclass
class Step:
    """A stage made of a function."""

    call: Callable[[int], int]
    name: str = "step"

    def process(self, item: int) -> int:
        return self.call(item)


@dataclass
class Collect:
    """The last stage: remembers what came."""

    name: str = "collect"
    seen: list[int] = field(default_factory=list)

    def process(self, item: int) -> None:
        self.seen.append(item)


class BoomError(Exception):
    """What the tests throw."""


def same(item: int) -> int:
    return item


def chain(
    items: Iterator[int], steps: list[tuple[Step, int]], depth: int = 2
) -> tuple[Runner, Collect]:
    runner, last = Runner(), Collect()
    queue = runner.queue(depth)
    runner.source("source", items, queue)
    for step, workers in steps:
        after = runner.queue(depth)
        runner.stage(step, queue, after, workers=workers)
        queue = after
    runner.stage(last, queue)
    return runner, last


def alive(before: set[threading.Thread]) -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread not in before}


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    depth=st.integers(1, 4),
    workers=st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
def test_order_is_kept_whatever_the_delays(seed: int, depth: int, workers: list[int]) -> None:
    dice = random.Random(seed)

    def dawdle(item: int) -> int:
        time.sleep(dice.random() * 0.003)
        return item

    runner, last = chain(iter(range(FRAMES)), [(Step(dawdle), count) for count in workers], depth)
    runner.run()
    assert last.seen == list(range(FRAMES))


def test_every_branch_gets_every_item() -> None:
    runner, left, right = Runner(), Collect("left"), Collect("right")
    a, b = runner.queue(1), runner.queue(3)
    runner.source("source", range(FRAMES), a, b)
    runner.stage(left, a)
    runner.stage(right, b)
    runner.run()
    assert left.seen == right.seen == list(range(FRAMES))


def test_an_empty_source_ends_quietly() -> None:
    runner, last = chain(iter(()), [(Step(same), 2)])
    runner.run()
    assert last.seen == []


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("depth", [1, 4])
@pytest.mark.parametrize("failing", [0, FRAMES // 2, FRAMES - 1])
@pytest.mark.parametrize("where", [0, 1, 2])
def test_an_error_in_any_stage_stops_everything(
    where: int, failing: int, depth: int, workers: int
) -> None:
    def fail(item: int) -> int:
        if item == failing:
            raise BoomError(f"item {item}")
        return item

    before = set(threading.enumerate())
    steps = [(Step(fail if index == where else same), workers) for index in range(3)]
    runner, last = chain(iter(range(FRAMES)), steps, depth)
    with pytest.raises(BoomError, match=f"item {failing}"):
        runner.run()
    assert not alive(before)
    assert last.seen == list(range(len(last.seen)))
    assert len(last.seen) <= failing


def test_an_error_with_all_queues_full_does_not_deadlock() -> None:
    full = threading.Event()

    def jam(item: int) -> int:
        full.wait(10)  # everything before this stage fills up meanwhile
        raise BoomError

    def count(item: int) -> int:
        if item == 3:
            full.set()
        return item

    runner, _ = chain(iter(range(FRAMES)), [(Step(count), 1), (Step(same), 2), (Step(jam), 2)], 1)
    with pytest.raises(BoomError):
        runner.run()


@pytest.mark.parametrize("failing", [0, FRAMES // 2, FRAMES])
def test_after_an_error_of_the_source_what_it_gave_is_finished(failing: int) -> None:
    def items() -> Iterator[int]:
        yield from range(failing)
        raise BoomError

    before = set(threading.enumerate())
    runner, last = chain(items(), [(Step(same), 2)])
    with pytest.raises(BoomError):
        runner.run()
    assert not alive(before)
    assert last.seen == list(range(failing))


def test_an_error_wakes_a_stage_that_waits_for_a_buffer() -> None:
    runner = Runner()
    pool = runner.adopt(Pool(range(2)))

    def take(item: int) -> int:
        pool.take()  # never given back: the third take waits for ever
        return item

    def fail(item: int) -> int:
        raise BoomError

    first, second = runner.queue(1), runner.queue(1)
    runner.source("source", range(FRAMES), first)
    runner.stage(Step(take, "take"), first, second)
    runner.stage(Step(fail, "fail"), second)
    with pytest.raises(BoomError):
        runner.run()


def test_the_error_names_the_stage_and_the_item() -> None:
    def fail(item: int) -> int:
        if item == 5:
            raise BoomError
        return item

    runner, _ = chain(iter(range(FRAMES)), [(Step(fail, "refine"), 1)])
    with pytest.raises(BoomError) as caught:
        runner.run()
    assert caught.value.__notes__ == ["in stage 'refine', item 5"]


def test_stopping_early_finishes_what_is_under_way() -> None:
    runner: Runner

    def items() -> Iterator[int]:
        for item in range(10_000):
            if item == 7:
                runner.stop_early()
            yield item

    runner, last = chain(items(), [(Step(same), 3)])
    runner.run()
    assert last.seen == list(range(8))


def test_an_error_of_the_tick_ends_the_job() -> None:
    def slow() -> Iterator[int]:
        for item in range(10_000):
            time.sleep(0.01)
            yield item

    def tick() -> None:
        raise BoomError

    before = set(threading.enumerate())
    runner, _ = chain(slow(), [(Step(same), 1)])
    with pytest.raises(BoomError):
        runner.run(tick)
    assert not alive(before)


def test_the_first_interrupt_drains_and_the_second_is_raised() -> None:
    def slow() -> Iterator[int]:
        for item in range(10_000):
            time.sleep(0.001)
            yield item

    class Interrupted(Runner):
        def __init__(self, times: int) -> None:
            super().__init__()
            self.times = times

        def _wait_for_end(self) -> bool:
            if self.times:
                self.times -= 1
                raise KeyboardInterrupt
            return super()._wait_for_end()

    for times in (1, 2):
        runner, last = Interrupted(times), Collect()
        queue = runner.queue(2)
        runner.source("source", slow(), queue)
        runner.stage(last, queue)
        if times == 2:
            with pytest.raises(KeyboardInterrupt):
                runner.run()
        else:
            runner.run()
            assert last.seen == list(range(len(last.seen)))
        assert runner.interrupted


def test_items_under_way_are_bounded_by_the_queues() -> None:
    lock, under_way, most = threading.Lock(), 0, 0
    depth, workers = 2, 3

    def items() -> Iterator[int]:
        nonlocal under_way, most
        for item in range(200):
            with lock:
                under_way += 1
                most = max(most, under_way)
            yield item

    class Leave(Collect):
        def process(self, item: int) -> None:
            nonlocal under_way
            time.sleep(0.0005)
            with lock:
                under_way -= 1

    runner = Runner()
    first, second = runner.queue(depth), runner.queue(depth)
    runner.source("source", items(), first)
    runner.stage(Step(same), first, second, workers=workers)
    runner.stage(Leave(), second)
    runner.run()
    # one in the source's hand, two queues, one a worker, one in the last stage
    assert most <= 1 + 2 * depth + workers + 1


def test_timings_count_every_frame_of_every_stage() -> None:
    runner, _ = chain(iter(range(FRAMES)), [(Step(same, "refine"), 2)])
    runner.run()
    timings = {stage.name: stage for stage in runner.timings()}
    assert list(timings) == ["source", "refine", "collect"]
    assert {stage.frames for stage in timings.values()} == {FRAMES}
    assert timings["refine"].workers == 2


def test_waiting_for_a_pool_is_not_booked_as_work() -> None:
    runner = Runner()
    pool = runner.adopt(Pool([0]))

    def take(item: int) -> int:
        pool.take()
        return item

    def give(item: int) -> int:
        time.sleep(0.01)
        pool.give(0)
        return item

    first, second = runner.queue(1), runner.queue(1)
    runner.source("source", range(FRAMES), first)
    runner.stage(Step(take, "take"), first, second)
    runner.stage(Step(give, "give"), second)
    runner.run()
    stages = {stage.name: stage for stage in runner.timings()}
    assert stages["take"].busy_seconds < stages["give"].busy_seconds
    assert stages["take"].wait_out_seconds > 0
