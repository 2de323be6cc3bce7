"""Engines on a GPU: what an offline host needs is packed here, run there, and comes back as JSON.

::

    python -m benchmarks gpu pack rtx .gpu       # here: wheels and frames in parts of 46 MiB
    python -m benchmarks.gpu.session .gpu/00 --bring DIR  # there, once a part: all steps
    python -m benchmarks gpu run --out DIR       # engines alone, where everything is installed
    python -m benchmarks gpu list                # the cases

Every case runs in a process of its own with a time limit, and its result is written as soon as it
is there, so that a run that is cut off keeps what it has.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence

VERBS = {
    "pack": "what an offline host needs, in parts (rtx or trt86)",
    "session": "parity, kernels, sanitizer, matte, engines: what time and installation allow",
    "run": "the engines' cases in order, one JSON each",
    "case": "one case, in this process",
    "list": "the cases",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb."""
    given = list(arguments or ())
    if not given or given[0] not in VERBS:
        print("usage: python -m benchmarks gpu VERB [--help]")
        print("\n".join(f"  {name:<8} {text}" for name, text in VERBS.items()))
        return 0 if not given or given[0] in {"-h", "--help"} else 2
    module = importlib.import_module(f"benchmarks.gpu.{'run' if given[0] == 'list' else given[0]}")
    return int(module.main(given[1:] if given[0] != "list" else ["--list"]) or 0)
