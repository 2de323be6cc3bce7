"""Bounded queues and pools: order, blocking, the two ways of ending."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from streammat.pipeline.queue import BoundedQueue, Drained, Pool, Stopped

JOIN_SECONDS = 10.0


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    outcome: list[object] = []

    def body() -> None:
        try:
            outcome.append(call())
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    return thread, outcome


def finish(thread: threading.Thread) -> None:
    thread.join(JOIN_SECONDS)
    assert not thread.is_alive()


def test_items_come_out_in_the_order_they_went_in() -> None:
    queue: BoundedQueue[int] = BoundedQueue(3)
    for item in range(3):
        queue.put(item)
    assert [queue.get() for _ in range(3)] == [0, 1, 2]


def test_close_hands_out_what_is_inside_and_then_ends() -> None:
    queue: BoundedQueue[str] = BoundedQueue(2)
    queue.put("last")
    queue.close()
    assert queue.get() == "last"
    for _ in range(2):
        with pytest.raises(Drained):
            queue.get()


def test_put_blocks_while_the_queue_is_full() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)
    queue.put(1)
    thread, outcome = in_thread(lambda: queue.put(2))
    thread.join(0.05)
    assert thread.is_alive()
    assert queue.get() == 1
    finish(thread)
    assert outcome == [None]
    assert queue.get() == 2


def test_abort_wakes_a_blocked_put() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)
    queue.put(1)
    thread, outcome = in_thread(lambda: queue.put(2))
    queue.abort()
    finish(thread)
    assert isinstance(outcome[0], Stopped)


def test_abort_wakes_a_blocked_get() -> None:
    queue: BoundedQueue[int] = BoundedQueue(1)
    thread, outcome = in_thread(queue.get)
    queue.abort()
    finish(thread)
    assert isinstance(outcome[0], Stopped)


def test_abort_throws_the_items_away() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2)
    queue.put(1)
    queue.abort()
    assert len(queue) == 0
    with pytest.raises(Stopped):
        queue.get()


def test_putting_into_a_closed_queue_is_a_bug_and_says_so() -> None:
    queue: BoundedQueue[int] = BoundedQueue(2)
    queue.close()
    with pytest.raises(RuntimeError, match="closed"):
        queue.put(1)


def test_a_queue_needs_room() -> None:
    with pytest.raises(ValueError, match="depth 0"):
        BoundedQueue(0)


def test_a_pool_hands_out_each_item_once() -> None:
    pool = Pool(range(3))
    assert sorted(pool.take() for _ in range(3)) == [0, 1, 2]


def test_taking_from_an_empty_pool_waits_for_the_next_give() -> None:
    pool = Pool(["slot"])
    pool.take()
    thread, outcome = in_thread(pool.take)
    thread.join(0.05)
    assert thread.is_alive()
    pool.give("slot")
    finish(thread)
    assert outcome == ["slot"]


def test_abort_wakes_those_who_wait_for_a_pool() -> None:
    pool: Pool[int] = Pool([])
    thread, outcome = in_thread(pool.take)
    pool.abort()
    finish(thread)
    assert isinstance(outcome[0], Stopped)
