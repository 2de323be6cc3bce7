"""Processes forked from one that is at work: the threads that do the work do not come along."""

from __future__ import annotations

import os

from streammat.errors import ConfigError

__all__ = ["begin_in_this_process"]

_begun: set[int] = set()  # process numbers; a forked process has its parent's


def begin_in_this_process() -> None:
    """To be called before threads of decoders, networks and kernels are used.

    Raises:
        ConfigError: they were begun in the process that this one was forked from, where they are
            still: waiting for them would never end.
    """
    if _begun and os.getpid() not in _begun:
        raise ConfigError(
            "this process was forked from one that has opened a clip or matted already, whose "
            "threads did not come along: start it by multiprocessing.get_context('spawn')"
        )
    _begun.add(os.getpid())
