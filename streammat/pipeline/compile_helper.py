"""``python -m streammat.pipeline.compile_helper``: rehearses the parts that come on its input.

Started by `ahead` only. It answers each part with a line, and ends at once when its input does,
in the middle of a compilation too.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from queue import SimpleQueue

from .rehearsal import Part

__all__ = ["main"]


def main() -> None:
    """Work until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the job, which ends this process
    parts: SimpleQueue[Part] = SimpleQueue()
    threading.Thread(target=_read, args=(parts,), daemon=True).start()
    while True:
        parts.get().perform()
        print(flush=True)


def _read(parts: SimpleQueue[Part]) -> None:
    """Take parts from the parent; without it there is nothing left to do."""
    try:
        while True:
            parts.put(pickle.load(sys.stdin.buffer))  # from our own parent
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main()
