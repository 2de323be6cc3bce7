from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from streammat_engines.tensorrt.interrupt import interruptible


@pytest.fixture
def ignored() -> Iterator[None]:
    """Ctrl-C as ``nohup`` and a shell's background jobs have it."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ignored")
def test_an_ignored_ctrl_c_stays_ignored_and_the_build_goes_on() -> None:
    with interruptible() as interrupted:
        signal.raise_signal(signal.SIGINT)
        assert not interrupted()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
