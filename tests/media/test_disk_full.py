"""A full disk ends in one clear error and leaves nothing behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import av
import pytest

from tests.clips import make_clip

from .writing import names

resource = pytest.importorskip("resource", reason="file size limits are a POSIX feature")

ROOT = Path(__file__).resolve().parents[2]
TINY_BYTES = 20_000  # less than the end of any of the outputs needs
SMALL_BYTES = 600_000  # room for some of the frames
FRAMES = 40

# The limit holds for a whole process, so a fresh one writes: EFBIG stands for a full disk.
SCRIPT = """
import resource, sys
sys.path[:0] = [sys.argv[1]]
from pathlib import Path
from streammat.errors import ResourceError
from tests.media.writing import copy_clip
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]),) * 2)
codec = sys.argv[5] if len(sys.argv) > 5 else None
try:
    copy_clip(Path(sys.argv[2]), sys.argv[3], noise=True, codec=codec)
except ResourceError as error:
    print(error)
    sys.exit(error.exit_code)
"""


def run_limited(*options: object) -> subprocess.CompletedProcess[str]:
    words = [str(option) for option in (ROOT, *options)]
    return subprocess.run(
        [sys.executable, "-c", SCRIPT, *words], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["o.mov", "o.mp4", "o.mkv", "o.webm", "o/"])
def test_a_disk_that_is_full_at_once_is_one_line_and_leaves_nothing(
    tmp_path: Path, target: str
) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=10, size=(192, 128))
    run = run_limited(made.path, f"{tmp_path}/{target}", TINY_BYTES)
    assert run.returncode == 5, run.stderr
    assert "no space left to write" in run.stdout
    assert len(run.stdout.strip().splitlines()) == 1
    assert names(tmp_path) == ["in.mp4"]


@pytest.mark.parametrize(
    ("target", "codec", "limit"),
    [
        ("o.mov", "prores", 2 * SMALL_BYTES),
        ("o.mov", "qtrle", SMALL_BYTES),
        ("o.mp4", "h264", SMALL_BYTES),
        ("o.mkv", "ffv1", SMALL_BYTES),
        ("o.webm", "vp9", SMALL_BYTES),
    ],
)
def test_what_was_finished_before_the_disk_was_full_can_be_read(
    tmp_path: Path, target: str, codec: str, limit: int
) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=FRAMES, size=(192, 128), audio=True)
    run = run_limited(made.path, f"{tmp_path}/{target}", limit, codec)
    assert run.returncode == 5, run.stderr
    assert len(run.stdout.strip().splitlines()) == 1
    partial = tmp_path / target.replace("o.", "o.partial.")
    assert names(tmp_path) == ["in.mp4", partial.name]
    with av.open(str(partial)) as container:
        frames = list(container.decode(video=0))
    assert 0 < len(frames) < FRAMES
    times = [frame.time for frame in frames]
    assert times == [index / 25 for index in range(len(frames))]
