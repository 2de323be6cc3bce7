"""``python -m streammat.pipeline.compile_helper``: rehearses the parts that come on its input.

Started by `ahead` only. It answers each part with a line and ends when its input does.
"""

from __future__ import annotations

import pickle
import signal
import sys

__all__ = ["main"]


def main() -> int:
    """Work until the input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the job, which ends this process
    while True:
        try:
            part = pickle.load(sys.stdin.buffer)
        except EOFError:
            return 0
        part.perform()
        print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
