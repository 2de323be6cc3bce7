"""A process that was forked from one at work."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import make_clip

CODE = """
import os, sys, streammat
clip = streammat.open(sys.argv[1]) if sys.argv[2] == "used" else None
child = os.fork()
if not child:
    try:
        streammat.open(sys.argv[1])
        print("opened", flush=True)
    except streammat.errors.ConfigError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="this system does not fork"
)
@pytest.mark.parametrize(
    ("before", "said"), [("unused", "opened"), ("used", "multiprocessing.get_context('spawn')")]
)
def test_it_says_so_instead_of_waiting_for_ever(tmp_path: Path, before: str, said: str) -> None:
    clip = make_clip(tmp_path / "in.mp4", frames=2).path
    command = [sys.executable, "-c", CODE, str(clip), before]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert said in done.stdout
