"""What a library prints stays off stdout, and nothing else does."""

from __future__ import annotations

import sys
import threading

import pytest

from streammat.media.muted import muted


def test_only_this_threads_prints_are_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    before = sys.stdout
    with muted():
        print("the library's")
        other = threading.Thread(target=print, args=["someone else's"])
        other.start()
        other.join()
        kept = sys.stdout
        assert kept.encoding == before.encoding
    assert sys.stdout is before
    print("afterwards", file=kept)
    assert capsys.readouterr().out == "someone else's\nafterwards\n"


def test_what_was_put_there_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    other = sys.stderr
    with muted():
        monkeypatch.setattr(sys, "stdout", other)
    assert sys.stdout is other
    monkeypatch.undo()


def test_stdout_comes_back_after_an_error() -> None:
    before = sys.stdout
    with pytest.raises(ValueError, match="damaged"), muted():
        raise ValueError("damaged")
    assert sys.stdout is before
