"""The program as a user starts it: exit codes, what lies on the disk, what is said where."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from streammat.cli import main
from tests.clips import make_clip, truncate

PROGRAM = [sys.executable, "-m", "streammat"]
TIMEOUT_SECONDS = 200


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *arguments], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
    )


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def _count_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def test_one_pass_makes_prores_with_alpha_and_sound_a_matte_and_a_composite(
    empty_folder: Path,
) -> None:
    make_clip(Path("in.mp4"), frames=8, audio=True)
    files = ["-o", "out.mov", "-o", "alpha=m.mov", "-o", "c.mp4", "--background", "#204060"]
    done = _run("matte", "in.mp4", *files, "--size", "96x64", "--json")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert _names(empty_folder) == {"in.mp4", "out.mov", "m.mov", "c.mp4"}
    assert [_count_frames(Path(name)) for name in ("out.mov", "m.mov", "c.mp4")] == [8, 8, 8]
    with av.open("out.mov") as container:
        video, audio = container.streams.video[0], container.streams.audio
        assert video.codec_context.name == "prores"
        assert str(video.codec_context.pix_fmt).startswith("yuva444p")
        assert len(audio) == 1
    report = json.loads(done.stdout)["jobs"][0]["report"]
    assert report["frames"] == 8
    assert done.stderr.splitlines()[-1].startswith("8 frames ")


def test_a_damaged_clip_gives_what_can_be_decoded_and_exit_code_3(empty_folder: Path) -> None:
    truncate(make_clip(Path("in.ts"), frames=30, options={"g": "30"}).path, 0.6)
    done = _run("matte", "in.ts", "-o", "out.mov", "--size", "96x64")
    assert (done.returncode, "Traceback" in done.stderr) == (3, False), done.stderr
    assert "lost or damaged" in done.stderr.splitlines()[-1]
    assert 0 < _count_frames(Path("out.mov")) <= 30


def test_strict_refuses_a_damaged_clip(
    empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truncate(make_clip(Path("in.ts"), frames=30, options={"g": "30"}).path, 0.6)
    assert main(["matte", "in.ts", "-o", "out.mov", "--size", "96x64", "--strict"]) == 2
    assert "out.mov" not in _names(empty_folder)


def test_ctrl_c_leaves_a_playable_partial_file(empty_folder: Path) -> None:
    make_clip(Path("in.mp4"), frames=250)
    command = [*PROGRAM, "matte", "in.mp4", "-o", "out.mov", "--size", "640x448"]
    job = subprocess.Popen(
        [*command, "--progress", "json"], stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert job.stderr is not None
    for line in job.stderr:
        if _event(line).get("frame"):
            job.send_signal(signal.SIGINT)
            break
    rest = job.stderr.read()
    assert job.wait(TIMEOUT_SECONDS) == 130, rest
    assert "Traceback" not in rest
    assert _names(empty_folder) == {"in.mp4", "out.partial.mov"}
    assert 0 < _count_frames(Path("out.partial.mov")) < 250


def _event(line: str) -> dict[str, Any]:
    try:
        event: dict[str, Any] = json.loads(line)
    except ValueError:
        return {}
    return event


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nothing.mp4"], "nothing.mp4"),
        (["text.mp4"], "text.mp4"),
        (["in.mp4", "-o", "old.mov"], "old.mov"),
        (["in.mp4", "-o", "in.mp4", "--overwrite"], "in.mp4"),
        (["in.mp4", "-o", "no/folder/out.mov"], "no/folder"),
        (["in.mp4", "-o", "out.xyz"], ".xyz"),
        (["in.mp4", "--start", "100"], "in.mp4"),
        (["in.mp4", "--model", "none.onnx"], "none.onnx"),
    ],
)
def test_what_cannot_be_is_one_line_exit_code_2_and_no_file(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    make_clip(Path("in.mp4"), frames=2)
    Path("text.mp4").write_text("no video at all\n")
    Path("old.mov").write_bytes(b"old")
    before = {path.name: path.read_bytes() for path in empty_folder.iterdir()}
    assert main(["matte", *arguments]) == 2
    complaints = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("streammat: ")
    ]
    assert len(complaints) == 1
    assert expected in complaints[0]
    assert {path.name: path.read_bytes() for path in empty_folder.iterdir()} == before


def test_cuda_without_cuda_is_exit_code_4_and_says_what_to_do(
    empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clip(Path("in.mp4"), frames=2)
    assert main(["matte", "in.mp4", "--device", "cuda"]) == 4
    assert "--device cpu" in capsys.readouterr().err
    assert _names(empty_folder) == {"in.mp4"}


def test_dry_run_prints_the_resolved_values_and_writes_nothing(
    empty_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_clip(Path("in.mp4"), frames=2)
    assert main(["matte", "in.mp4", "--preset", "film", "--dry-run", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["settings"]["size"] == "best"
    assert answer["jobs"][0]["outputs"][0]["codec"] == "prores_ks"
    assert _names(empty_folder) == {"in.mp4"}


@pytest.mark.parametrize(
    "words",
    [
        "-o old.mov",
        "-o no/a.mov",
        "-o a.png",
        "-o a.mov --garbage no.png",
        "-o a.mov --holdout no.png",
        "-o a.mp4 --background no.png",
        "-o a.mov -o alpha=frames/",
        "--out-dir old.mov",
    ],
)
def test_dry_run_refuses_what_the_run_refuses_in_the_same_words(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], words: str
) -> None:
    make_clip(Path("in.mp4"), frames=2)
    Path("old.mov").write_bytes(b"old")
    Path("frames").mkdir()
    Path("frames/00001.png").write_bytes(b"old")
    before = _names(empty_folder)
    refused = []
    for dry in (["--dry-run"], []):
        assert main(["matte", "in.mp4", *words.split(), "--progress", "none", *dry]) == 2
        err = capsys.readouterr().err.splitlines()
        refused.append([line for line in err if line.startswith("streammat: ")])
    assert refused[0] == refused[1]
    assert len(refused[0]) == 1
    assert _names(empty_folder) == before


def test_a_library_s_remarks_on_a_damaged_picture_are_not_shown(empty_folder: Path) -> None:
    Image.new("RGB", (96, 64)).save("in.tif")
    Path("cut.tif").write_bytes(Path("in.tif").read_bytes()[:60])
    done = _run("matte", "cut.tif", "-o", "a.png", "--progress", "none")
    said = [line for line in done.stderr.splitlines() if not line.startswith("cpu: ")]
    assert said == ["streammat: cut.tif: damaged or cut off; get it from its source again"]


def test_dry_run_leaves_no_folder_behind(empty_folder: Path) -> None:
    make_clip(Path("in.mp4"), frames=2)
    assert main(["matte", "in.mp4", "--out-dir", "new/cut", "--dry-run"]) == 0
    assert main(["matte", "in.mp4", "-o", "frames/", "--dry-run"]) == 0
    assert _names(empty_folder) == {"in.mp4"}


def test_the_demo_leaves_two_videos_and_a_sheet_and_replaces_its_own(
    empty_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_clip(Path("in.mp4"), frames=6, audio=True)
    monkeypatch.setenv("STREAMMAT_SIZE", "96x64")
    Path("out").mkdir()
    Path("out/demo.png").write_bytes(b"of an earlier run")
    assert main(["demo", "in.mp4"]) == 0
    assert _names(Path("out")) == {"demo.mov", "demo.mp4", "demo.png"}
    assert [_count_frames(Path("out", name)) for name in ("demo.mov", "demo.mp4")] == [6, 6]
    with Image.open("out/demo.png") as sheet:
        assert sheet.width > 5 * sheet.height / 3
    out, err = capsys.readouterr()
    assert all(f"out/{name}" in out for name in ("demo.mov", "demo.mp4", "demo.png"))
    assert "drawing the contact sheet" in err
    assert err.splitlines()[-1].startswith("6 frames ")


def test_a_reader_that_leaves_early_is_no_error() -> None:
    job = subprocess.Popen(
        [*PROGRAM, "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert job.stdout is not None
    assert job.stderr is not None
    job.stdout.close()
    assert (job.wait(TIMEOUT_SECONDS), job.stderr.read()) == (0, "")
