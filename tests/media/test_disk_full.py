"""A full disk ends in one clear error and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.clips import make_clip

from .writing import names

resource = pytest.importorskip("resource", reason="file size limits are a POSIX feature")

ROOT = Path(__file__).resolve().parents[2]
LIMIT_BYTES = 20_000  # less than any of the outputs, more than their headers

# The limit holds for a whole process, so a fresh one writes: EFBIG stands for a full disk.
SCRIPT = """
import resource, sys
sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from streammat.errors import ResourceError
from tests.media.writing import copy_clip
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]),) * 2)
try:
    copy_clip(Path(sys.argv[2]), sys.argv[3], noise=True)
except ResourceError as error:
    print(error)
    sys.exit(error.exit_code)
"""


@pytest.mark.parametrize("target", ["o.mov", "o.mp4", "o.mkv", "o.webm", "o/"])
def test_a_full_disk_is_a_resource_error_and_leaves_nothing(tmp_path: Path, target: str) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=10, size=(192, 128))
    options = [str(ROOT), str(made.path), f"{tmp_path}/{target}", str(LIMIT_BYTES)]
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, *options], capture_output=True, text=True, check=False
    )
    assert run.returncode == 5, run.stderr
    assert "no space left to write" in run.stdout
    assert len(run.stdout.strip().splitlines()) == 1
    assert names(tmp_path) == ["in.mp4"]
