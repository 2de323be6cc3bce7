"""The first Ctrl-C asks, the second interrupts, the third quits whatever hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from streammat.cli.interrupt import interruptible

STUCK = """
import os, signal, time
from streammat.cli.interrupt import interruptible
with interruptible(print):
    for _ in range(3):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.01)
        except KeyboardInterrupt:
            pass
print("still here")
"""


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_first_asks_and_the_second_interrupts() -> None:
    said: list[str] = []
    with interruptible(said.append) as cancel:
        assert not cancel.is_set()
        press()
        assert cancel.is_set()
        assert "Ctrl-C again" in said[0]
        with pytest.raises(KeyboardInterrupt):
            press()
    assert len(said) == 1


@pytest.mark.skipif(os.name != "posix", reason="Windows sends no such signals")
def test_what_ends_a_job_from_outside_asks_once_however_often_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr("streammat.cli.interrupt.time.monotonic", lambda: now[0])
    said: list[str] = []
    with interruptible(said.append) as cancel:
        for number in (signal.SIGTERM, signal.SIGTERM, signal.SIGINT):
            os.kill(os.getpid(), number)  # as managers of services and dying parents do
            now[0] += 0.2
        assert cancel.is_set()
        assert len(said) == 1
        now[0] += 1
        with pytest.raises(KeyboardInterrupt):
            press()


def test_the_third_quits_a_program_that_hangs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", STUCK], check=False, capture_output=True, text=True
    )
    assert (done.returncode, "still here" in done.stdout) == (130, False), done.stderr


def test_the_handlers_of_the_caller_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interruptible(print):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_outside_the_main_thread_nothing_is_touched() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work() -> None:
        with interruptible(print) as cancel:
            seen.append((cancel.is_set(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, before)]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_a_closed_terminal_asks_too_unless_nohup_said_otherwise() -> None:
    def closed() -> bool:
        with interruptible(lambda line: None) as cancel:
            os.kill(os.getpid(), signal.SIGHUP)
            return cancel.is_set()

    before = signal.getsignal(signal.SIGHUP)
    try:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # these tests, too, may run under nohup
        assert closed()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        assert not closed()
    finally:
        signal.signal(signal.SIGHUP, before)
