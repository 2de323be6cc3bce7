"""Kernels compiled before the first frame: who does it, and what happens when that goes wrong."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from streammat.pipeline.ahead import HELPER, CompileAhead
from tests.pipeline.parts_in_files import (
    Compiles,
    EndsItsProcess,
    Fails,
    NeverEnds,
    SaysWhere,
    wait_for,
)


def ahead(*parts: object, cores: int = 2) -> CompileAhead:
    return CompileAhead(cast(Any, parts), cores)


def silent(line: str) -> None:
    del line


def test_a_second_process_takes_the_last_part_while_the_first_compiles(tmp_path: Path) -> None:
    done = tmp_path / "done"
    with ahead(Compiles(until=done), SaysWhere(done)) as both:
        both.wait(silent)
    assert int(done.read_text()) != os.getpid()


def test_kernels_from_the_cache_start_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", never)
    first, second = tmp_path / "first", tmp_path / "second"
    with ahead(SaysWhere(first), SaysWhere(second)) as both:
        both.wait(silent)
    assert first.read_text() == second.read_text() == str(os.getpid())


def test_one_core_starts_no_process(tmp_path: Path) -> None:
    ready, done = tmp_path / "ready", tmp_path / "done"
    ready.touch()
    with ahead(Compiles(until=ready), SaysWhere(done), cores=1) as both:
        both.wait(silent)
    assert int(done.read_text()) == os.getpid()


def test_a_part_is_performed_once_in_a_process(tmp_path: Path) -> None:
    path = tmp_path / "done"
    for _ in range(2):
        with ahead(SaysWhere(path)) as both:
            both.wait(silent)
        existed = path.exists()
        path.unlink(missing_ok=True)
    assert not existed


def test_a_helper_that_crashes_leaves_the_rest_to_this_process(tmp_path: Path) -> None:
    crashed, done = tmp_path / "crashed", tmp_path / "done"
    with ahead(Compiles(until=crashed), SaysWhere(done), EndsItsProcess(crashed)) as both:
        both.wait(silent)
    assert int(done.read_text()) == os.getpid()


def test_a_helper_that_cannot_start_is_done_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    ready, done = tmp_path / "ready", tmp_path / "done"
    ready.touch()
    with ahead(Compiles(until=ready), Compiles(until=ready), SaysWhere(done)) as both:
        both.wait(silent)
    assert both._helper is None


def test_a_part_that_fails_is_left_to_the_job(tmp_path: Path) -> None:
    with ahead(Fails(), SaysWhere(tmp_path / "never")) as both:
        both.wait(silent)
    assert not (tmp_path / "never").exists()


def test_closing_ends_a_helper_in_the_middle_of_its_work(tmp_path: Path) -> None:
    running = tmp_path / "running"
    both = ahead(Compiles(until=running), NeverEnds(running))
    with both:
        wait_for(running)
        helper = both._helper
    assert helper is not None
    assert helper.poll() is not None
    assert not both._thread.is_alive()


def test_cancelling_ends_the_wait_and_slow_work_is_said(tmp_path: Path) -> None:
    running, cancel, said = tmp_path / "running", threading.Event(), list[str]()

    def note(line: str) -> None:
        said.append(line)
        cancel.set()

    with ahead(Compiles(until=running), NeverEnds(running)) as both:
        both.wait(note, cancel)
    assert said == ["compiling kernels (once on this machine)"]


def test_the_helper_ends_with_its_input_in_the_middle_of_its_work(tmp_path: Path) -> None:
    running = tmp_path / "running"
    with subprocess.Popen([sys.executable, "-m", HELPER], stdin=subprocess.PIPE) as helper:
        assert helper.stdin is not None
        pickle.dump(NeverEnds(running), helper.stdin)
        helper.stdin.flush()
        wait_for(running)
        helper.stdin.close()
        assert helper.wait(timeout=60) == 0


def test_the_helper_ends_with_its_input() -> None:
    done = subprocess.run(
        [sys.executable, "-m", HELPER], stdin=subprocess.DEVNULL, timeout=60, check=False
    )
    assert done.returncode == 0
