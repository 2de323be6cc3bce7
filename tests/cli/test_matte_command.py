"""``streammat matte``: what the pipeline is asked for, and what is printed where."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from streammat.cli import main
from streammat.errors import DeviceUnavailable, MediaError
from streammat.settings import OutputKind, OutputRequest
from tests.cli.fake_pipeline import FakePipeline, install

LAST_LINE = "10 frames 0.5 s 20.0 fps | cpu, gfm 512x288 | limited by encode (61 %)"


@pytest.fixture
def pipeline(monkeypatch: pytest.MonkeyPatch) -> FakePipeline:
    return install(monkeypatch)


def test_without_an_output_the_result_lies_in_the_current_folder(pipeline: FakePipeline) -> None:
    assert main(["matte", "clips/talk.mp4"]) == 0
    assert pipeline.calls[0][1] == (OutputRequest("talk.matte.mov"),)


def test_outputs_repeat_and_name_their_kinds(pipeline: FakePipeline) -> None:
    given = ["-o", "rgba=a.mov", "-o", "alpha=m.mov", "-o", "b.mp4", "-o", "x=1.png"]
    assert main(["matte", "in.mp4", *given]) == 0
    assert pipeline.calls[0][1] == (
        OutputRequest("a.mov", OutputKind.RGBA),
        OutputRequest("m.mov", OutputKind.ALPHA),
        OutputRequest("b.mp4", None),
        OutputRequest("x=1.png", None),
    )


def test_several_inputs_go_to_a_folder_that_is_made(pipeline: FakePipeline) -> None:
    assert main(["matte", "a.mp4", "b.%04d.png", "--out-dir", "new/cut"]) == 0
    paths = [outputs[0].path for _, outputs, _ in pipeline.calls]
    assert paths == [str(Path("new/cut/a.matte.mov")), str(Path("new/cut/b.matte.mov"))]
    assert Path("new/cut").is_dir()


@pytest.mark.parametrize(
    ("name", "stem"),
    [("a [1] b.mkv", "a [1] b"), ("50% off.mkv", "50% off"), ("take%02d_a.mkv", "take_a")],
)
def test_the_name_of_a_file_that_exists_is_kept_whole(
    pipeline: FakePipeline, name: str, stem: str
) -> None:
    Path(name).touch()
    assert main(["matte", name]) == 0
    assert pipeline.calls[0][1] == (OutputRequest(f"{stem}.matte.mov"),)


@pytest.mark.parametrize("name", ["s.%04d.png", "s.####.png", "s.@@.png", "s.*.png", "s.[0-9].png"])
def test_a_sequence_gives_its_name_without_what_counts(pipeline: FakePipeline, name: str) -> None:
    assert main(["matte", name]) == 0
    assert pipeline.calls[0][1] == (OutputRequest("s.matte.mov"),)


def test_a_preset_decides_the_default_format(pipeline: FakePipeline) -> None:
    assert main(["matte", "in.mp4", "--preset", "web"]) == 0
    assert pipeline.calls[0][1] == (OutputRequest("in.matte.webm"),)
    assert main(["matte", "in.mp4", "--preset", "preview"]) == 0
    assert pipeline.calls[1][1] == (OutputRequest("in.matte.mp4"),)
    assert pipeline.calls[1][2].encoder_preset == "veryfast"


def test_every_option_reaches_the_settings(pipeline: FakePipeline) -> None:
    words = (
        "--size 640x352 --background blur:0.3 --alpha-mode straight --foreground source "
        "--despill 0.5 --screen blue --smooth off --despeckle 12 --grow 1 --shrink 2 --feather 3 "
        "--clip-black 0.1 --clip-white 0.9 --garbage g.png --holdout h.mp4 --roi 1,2,3,4 "
        "--start 1 --end 0:02 --frames 3-9 --limit 5 --audio none --crf 20 --bitrate 8M "
        "--encoder-preset slow --device cpu --strategy single --threads 1 --overwrite --strict "
        "--model m.onnx"
    )
    assert main(["matte", "in.mp4", *words.split()]) == 0
    got = pipeline.calls[0][2]
    assert (got.size, got.background, got.alpha_mode) == ("640x352", "blur:0.3", "straight")
    assert (got.foreground, got.despill, got.screen) == ("source", 0.5, "blue")
    assert got.smooth == "off"
    assert (got.despeckle_px, got.grow_px, got.shrink_px, got.feather_px) == (12, 1, 2, 3)
    assert (got.clip_black, got.clip_white, got.roi) == (0.1, 0.9, (1, 2, 3, 4))
    assert (got.garbage, got.holdout, got.model) == ("g.png", "h.mp4", "m.onnx")
    assert (got.start, got.end, got.frames, got.limit) == ("1", "0:02", "3-9", 5)
    assert (got.audio, got.crf, got.bitrate, got.encoder_preset) == ("none", 20, "8M", "slow")
    assert (got.device, got.threads, got.overwrite, got.strict) == ("cpu", 1, True, True)


def test_stdout_stays_empty_and_the_last_line_of_stderr_is_the_summary(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    for mode in ("auto", "plain", "none"):
        assert main(["matte", "in.mp4", "--progress", mode]) == 0
        out, err = capsys.readouterr()
        assert out == ""
        assert "untagged colour: taken as BT.709" in err
        assert err.splitlines()[-1] == LAST_LINE


def test_json_is_one_object_with_a_schema_version(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["matte", "in.mp4", "--json", "--report", "r.json"]) == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert answer["schema_version"] == 1
    assert answer["exit_code"] == 0
    assert answer["jobs"][0]["report"]["frames"] == 10
    assert json.loads(Path("r.json").read_text()) == answer
    assert err.splitlines()[-1] == LAST_LINE


def test_json_progress_is_one_object_a_line(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["matte", "in.mp4", "--progress", "json"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert {"event": "begin", "input": "in.mp4"} in events
    assert events[-1] == {"event": "done", "text": LAST_LINE}
    assert {"event": "note", "text": "untagged colour: taken as BT.709"} in events


def test_lost_frames_are_exit_code_3(pipeline: FakePipeline) -> None:
    pipeline.lost = 2
    assert main(["matte", "in.mp4"]) == 3


def test_one_bad_input_does_not_keep_the_others_from_being_done(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.errors["bad.mp4"] = MediaError("bad.mp4: not a video")
    assert main(["matte", "a.mp4", "bad.mp4", "b.mp4", "--json"]) == 2
    out, err = capsys.readouterr()
    assert [call[0] for call in pipeline.calls] == ["a.mp4", "bad.mp4", "b.mp4"]
    assert "streammat: bad.mp4: not a video" in err.splitlines()
    assert [job["exit_code"] for job in json.loads(out)["jobs"]] == [0, 2, 0]


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MediaError("in.mp4: not a video"), 2, "in.mp4: not a video"),
        (DeviceUnavailable("no CUDA; use --device cpu"), 4, "use --device cpu"),
        (MemoryError(), 5, "out of memory"),
        (OSError(errno.ENOSPC, "No space left on device", "o.mov"), 5, "writing o.mov"),
        (PermissionError(errno.EACCES, "Permission denied", "o.mov"), 2, "o.mov: Permission"),
        (KeyError("x"), 1, "internal error: KeyError"),
    ],
)
def test_every_error_is_one_line_with_its_exit_code(
    pipeline: FakePipeline,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
    words: str,
) -> None:
    pipeline.errors["in.mp4"] = error
    assert main(["matte", "in.mp4"]) == code
    err = capsys.readouterr().err
    complaints = [line for line in err.splitlines() if line.startswith("streammat: ")]
    assert len(complaints) == 1
    assert words in complaints[0]
    assert "Traceback" not in err


def test_a_bug_leaves_its_traceback_in_a_log_and_shows_it_with_debug(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline.errors["in.mp4"] = ZeroDivisionError("by nought")
    assert main(["matte", "in.mp4"]) == 1
    line = capsys.readouterr().err.splitlines()[-1]
    log = Path(line.split("the traceback is in ")[1].split(";")[0])
    assert "ZeroDivisionError: by nought" in log.read_text()
    assert "Traceback" in log.read_text()
    assert main(["matte", "in.mp4", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_report_that_cannot_be_written_is_exit_code_2(
    pipeline: FakePipeline, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["matte", "in.mp4", "--report", "no/such/folder/r.json"]) == 2
    assert "--report no/such/folder/r.json: there is no folder" in capsys.readouterr().err


@pytest.mark.parametrize(("others", "code"), [([], 0), (["-o", "alpha=a.mov"], 130)])
def test_a_reader_that_leaves_ends_the_job_and_the_report_says_so(
    pipeline: FakePipeline, monkeypatch: pytest.MonkeyPatch, others: list[str], code: int
) -> None:
    monkeypatch.setattr("streammat.cli.jobs.drop_stdout", lambda: None)
    pipeline.errors["in.mp4"] = BrokenPipeError()
    words = ["matte", "in.mp4", "-o", "composite=-", *others, "--report", "r.json"]
    assert main(words) == code
    job = json.loads(Path("r.json").read_text())["jobs"][0]
    assert (job["exit_code"], job["error"][:27]) == (code, "the reader of -o - has left")
