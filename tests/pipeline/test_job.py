"""Whole jobs over real, tiny files; a formula stands in for the network."""

from __future__ import annotations

import errno
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import streammat.pipeline.job as job_module
from streammat.errors import ConfigError, MediaError, OutputError, ResourceError
from streammat.matting import FixedMatter
from streammat.media.video_sink import VideoSink
from streammat.pipeline import Progress, matte_file, resolve_job
from streammat.settings import MatteSettings, OutputRequest
from streammat.types import Alpha, Frame
from tests.clips import MadeClip, make_clip
from tests.pipeline.jobs import Formula, left_over, read, request, run
from tests.tolerances import CODED_ALPHA, CODED_FLAT_LEVELS

FRAMES = 12


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Formula]:
    made: list[Formula] = []

    def build(*_: object, **__: object) -> Formula:
        made.append(Formula())
        return made[-1]

    monkeypatch.setattr(job_module, "frame_matter", build)
    return made


@pytest.fixture
def clip(tmp_path: Path) -> MadeClip:
    folder = tmp_path / "in"
    folder.mkdir()
    return make_clip(folder / "in.mp4", frames=FRAMES, audio=True)


def test_every_kind_of_output_in_one_run(clip: MadeClip, tmp_path: Path) -> None:
    report = run(
        clip,
        f"{tmp_path}/a.mov",
        f"{tmp_path}/b.mp4",
        f"alpha={tmp_path}/c.mp4",
        f"foreground={tmp_path}/d.mp4",
        f"{tmp_path}/e/",
    )
    assert report.frames == FRAMES
    assert report.exit_code == 0
    assert left_over(tmp_path) == ["a.mov", "b.mp4", "c.mp4", "d.mp4", "e"]
    assert len(list((tmp_path / "e").iterdir())) == FRAMES
    assert [output.kind for output in report.outputs] == [
        "rgba",
        "composite",
        "alpha",
        "foreground",
        "rgba",
    ]
    for name in ("a.mov", "b.mp4", "c.mp4", "d.mp4"):
        assert len(read(tmp_path / name).pictures) == FRAMES


def test_the_alpha_that_is_written_is_the_alpha_of_its_frame(
    clip: MadeClip, tmp_path: Path
) -> None:
    run(clip, f"{tmp_path}/a.mov")
    written = read(tmp_path / "a.mov", "rgba").pictures
    for picture, alpha in zip(written, clip.alphas, strict=True):
        inside, outside = alpha == 65535, alpha == 0
        assert abs(picture[..., 3][inside].mean() / 255 - 1) < CODED_ALPHA
        assert picture[..., 3][outside].mean() / 255 < CODED_ALPHA


def test_the_composite_shows_the_background(clip: MadeClip, tmp_path: Path) -> None:
    settings = MatteSettings(smooth="off", background="#2040C0")
    run(clip, f"{tmp_path}/a.mp4", settings=settings)
    picture = read(tmp_path / "a.mp4").pictures[FRAMES // 2]
    corner = picture[:4, :4].reshape(-1, 3).mean(axis=0)
    assert np.abs(corner - [0x20, 0x40, 0xC0]).max() < CODED_FLAT_LEVELS


@pytest.mark.parametrize("background", ["blur", "IMAGE", "VIDEO"])
def test_every_background_works(clip: MadeClip, tmp_path: Path, background: str) -> None:
    if background == "VIDEO":
        background = str(make_clip(tmp_path / "in" / "bg.mp4", frames=3).path)
    if background == "IMAGE":
        run(clip, f"foreground={tmp_path}/in/bg.png", settings=MatteSettings(limit=1))
        background = f"{tmp_path}/in/bg.png"
    settings = MatteSettings(background=background, threads=2)
    report = run(clip, f"{tmp_path}/a.mp4", settings=settings)
    assert report.frames == FRAMES
    assert len(read(tmp_path / "a.mp4").pictures) == FRAMES


def test_time_stamps_and_sound_are_kept(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    stamps = [0, 40, 70, 130, 170, 200, 300]
    made = make_clip(tmp_path / "in" / "vfr.mkv", pts=stamps, audio=True)
    run(made, f"{tmp_path}/a.mov", f"{tmp_path}/b.mp4")
    for name in ("a.mov", "b.mp4"):
        written = read(tmp_path / name)
        assert [round(1000 * second) for second in written.seconds] == stamps
        assert written.audio == 1


def test_a_still_becomes_a_still(clip: MadeClip, tmp_path: Path) -> None:
    run(clip, f"foreground={tmp_path}/in/still.png", settings=MatteSettings(limit=1))
    still = MadeClip(tmp_path / "in" / "still.png", clip.alphas[:1], clip.rgb[:1], [])
    report = run(still, f"{tmp_path}/cut.png", settings=MatteSettings())
    assert report.frames == 1
    assert left_over(tmp_path) == ["cut.png"]


def test_garbage_holdout_and_region_reach_the_alpha(clip: MadeClip, tmp_path: Path) -> None:
    height, width = clip.alphas.shape[1:]
    left = np.zeros((height, width), np.uint8)
    left[:, : width // 2] = 255
    guide = tmp_path / "in" / "left.png"
    av.VideoFrame.from_ndarray(left, format="gray").save(str(guide))
    for name, settings, shown in (
        ("garbage", MatteSettings(smooth="off", garbage=str(guide)), (0, None)),
        ("holdout", MatteSettings(smooth="off", holdout=str(guide)), (255, None)),
        ("region", MatteSettings(smooth="off", roi=(0, 0, width // 2, height)), (None, 0)),
    ):
        run(clip, f"{tmp_path}/{name}/", settings=settings)
        alpha = read(tmp_path / name / "00000.png", "rgba").pictures[0][..., 3]
        for value, half in zip(shown, np.split(alpha, 2, axis=1), strict=True):
            assert value is None or (half == value).all()


@pytest.mark.parametrize("part", [{"frames": "5-8"}, {"start": "0.2", "limit": 4}])
def test_a_part_has_the_wholes_guides_and_background(
    clip: MadeClip, tmp_path: Path, part: dict[str, Any]
) -> None:
    drawn = make_clip(tmp_path / "in" / "drawn.mkv", frames=FRAMES, pix_fmt="gray", codec="ffv1")
    behind = make_clip(tmp_path / "in" / "behind.mkv", frames=7, codec="ffv1")
    whole = MatteSettings(
        smooth="off", holdout=str(drawn.path), background=str(behind.path), overwrite=True
    )
    run(clip, f"composite={tmp_path}/w/", settings=whole)
    run(clip, f"composite={tmp_path}/p/", settings=replace(whole, **part))
    expected, given = (sorted((tmp_path / name).iterdir()) for name in ("w", "p"))
    assert len(given) == 4
    for got, wanted in zip(given, expected[5:9], strict=True):
        assert (np.asarray(Image.open(got)) == np.asarray(Image.open(wanted))).all()


def test_the_report_says_what_was_done(clip: MadeClip, tmp_path: Path) -> None:
    report = run(clip, f"{tmp_path}/a.mov")
    data = json.loads(json.dumps(report.to_json()))
    assert (data["width"], data["height"]) == (96, 64)
    assert [stage["name"] for stage in data["stages"]] == [
        "decode",
        "prepare",
        "infer",
        "refine",
        "finish",
        "encode",
    ]
    assert data["outputs"][0]["path"] == f"{tmp_path}/a.mov"
    assert data["outputs"][0]["alpha_mode"] == "straight"
    assert report.last_line().startswith(f"{FRAMES} frames ")
    assert 0 < report.startup_seconds < report.seconds


def test_the_file_says_how_it_was_made(clip: MadeClip, tmp_path: Path) -> None:
    run(clip, f"{tmp_path}/a.mov")
    with av.open(str(tmp_path / "a.mov")) as container:
        comment = container.metadata["comment"]
    for word in ("streammat ", "sha256 ", "settings ", "alpha straight"):
        assert word in comment


def test_progress_reaches_the_end(clip: MadeClip, tmp_path: Path) -> None:
    seen: list[Progress] = []
    run(clip, f"{tmp_path}/a.mp4", on_progress=seen.append)
    assert seen[-1].frame == FRAMES
    assert seen[-1].total == FRAMES


@pytest.mark.parametrize(
    ("output", "settings", "error"),
    [
        ("a.xyz", MatteSettings(), OutputError),
        ("rgba=a.mp4", MatteSettings(), OutputError),
        ("in/in.mp4", MatteSettings(overwrite=True), OutputError),
        ("nowhere/a.mp4", MatteSettings(), OutputError),
        ("a.mp4", MatteSettings(background="none"), ConfigError),
        ("a.mp4", MatteSettings(background="missing.png"), ConfigError),
        ("a.mp4", MatteSettings(smooth="2"), ConfigError),
        ("a.mp4", MatteSettings(size="none"), ConfigError),
        ("a.mp4", MatteSettings(garbage="missing.png"), MediaError),
    ],
)
def test_a_refused_job_leaves_nothing(
    clip: MadeClip,
    tmp_path: Path,
    output: str,
    settings: MatteSettings,
    error: type[Exception],
) -> None:
    kind, equals, name = output.rpartition("=")
    with pytest.raises(error):
        run(clip, f"{kind}{equals}{tmp_path}/{name}", settings=settings)
    assert left_over(tmp_path) == []


def test_a_missing_source_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        matte_file(f"{tmp_path}/no.mp4", [OutputRequest(f"{tmp_path}/a.mp4")], MatteSettings())


def test_an_existing_output_stays_as_it_is(clip: MadeClip, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("precious")
    with pytest.raises(OutputError, match="overwrite"):
        run(clip, f"{tmp_path}/b.mov", f"{tmp_path}/a.mp4")
    assert left_over(tmp_path) == ["a.mp4"]
    assert (tmp_path / "a.mp4").read_text() == "precious"


def slow_down(monkeypatch: pytest.MonkeyPatch, at: int, call: Callable[[], None]) -> None:
    """Call something when the encoder has got ``at`` frames."""
    honest = VideoSink.write

    def write(self: VideoSink, picture: object, frame: Frame) -> None:
        honest(self, picture, frame)  # type: ignore[arg-type]
        if self.frames == at:
            call()

    monkeypatch.setattr(VideoSink, "write", write)


def test_cancelling_before_the_first_frame_leaves_nothing(clip: MadeClip, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    report = run(clip, f"{tmp_path}/a.mov", cancel=cancel)
    assert report.cancelled
    assert report.frames == 0
    assert list(tmp_path.glob("a*")) == []


def test_cancelling_leaves_a_playable_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import time

    (tmp_path / "in").mkdir()
    long = make_clip(tmp_path / "in" / "long.mp4", frames=60, audio=True)
    cancel = threading.Event()

    def press() -> None:
        cancel.set()
        time.sleep(0.5)

    slow_down(monkeypatch, 5, press)
    report = run(long, f"{tmp_path}/a.mov", f"{tmp_path}/b.mp4", cancel=cancel)
    assert report.cancelled
    assert report.exit_code == 130
    assert left_over(tmp_path) == ["a.partial.mov", "b.partial.mp4"]
    assert [Path(output.path).name for output in report.outputs] == left_over(tmp_path)
    for name in left_over(tmp_path):
        assert len(read(tmp_path / name).pictures) == report.frames < 60


def test_a_full_disk_is_said_and_nothing_is_left(
    clip: MadeClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    slow_down(monkeypatch, 1, full)
    with pytest.raises(ResourceError, match="disk is full"):
        run(clip, f"{tmp_path}/a.mp4")
    assert left_over(tmp_path) in ([], ["a.partial.mp4"])


def test_an_error_in_the_middle_never_leaves_the_final_name(
    clip: MadeClip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_network: list[Formula]
) -> None:
    def fail(self: Formula, frame: Frame, slot: int, out: Alpha) -> None:
        if frame.index == FRAMES // 2:
            raise RuntimeError("broken")
        FixedMatter.alpha(self, frame, slot, out)

    monkeypatch.setattr(Formula, "alpha", fail)
    before = set(threading.enumerate())
    with pytest.raises(RuntimeError, match="broken"):
        run(clip, f"{tmp_path}/a.mov", f"{tmp_path}/b.mp4")
    assert set(left_over(tmp_path)) <= {"a.partial.mov", "b.partial.mp4"}
    assert not set(threading.enumerate()) - before
    assert no_network[0].closed


def test_lost_frames_are_counted_and_change_the_exit_code(clip: MadeClip, tmp_path: Path) -> None:
    damaged = tmp_path / "in" / "cut.mkv"
    make_clip(damaged, frames=40)
    data = damaged.read_bytes()
    damaged.write_bytes(data[: len(data) // 2])
    cut = MadeClip(damaged, clip.alphas, clip.rgb, [])
    report = run(cut, f"{tmp_path}/a.mp4")
    assert report.frames > 0
    assert report.lost_frames > 0
    assert report.exit_code == 3
    assert left_over(tmp_path) == ["a.mp4"]
    assert "lost" in report.last_line()


def test_lost_images_are_named_in_a_line_and_in_the_report(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(9):
        Image.new("RGB", (96, 64)).save(folder / f"s.{number}.png")
    for number in range(1, 8):
        (folder / f"s.{number}.png").write_bytes(b"broken")
    said: list[str] = []
    report = matte_file(
        str(folder), [request(f"{tmp_path}/f/")], MatteSettings(threads=2), notify=said.append
    )
    assert report.to_json()["lost_places"] == [f"s.{number}.png" for number in range(1, 8)]
    five = "s.1.png, s.2.png, s.3.png, s.4.png, s.5.png"
    assert f"{folder}: 7 frames lost or damaged: {five} and 2 more" in said


def test_dry_run_resolves_everything_and_writes_nothing(clip: MadeClip, tmp_path: Path) -> None:
    resolved = resolve_job(
        str(clip.path),
        [request(f"{tmp_path}/a.mov"), request(f"{tmp_path}/b.mp4")],
        MatteSettings(background="blur:0.3", device="cpu", threads=2),
    )
    data = json.loads(json.dumps(resolved.to_json()))
    assert left_over(tmp_path) == []
    assert [output["codec"] for output in data["outputs"]] == ["prores_ks", "libx264"]
    assert [output["kind"] for output in data["outputs"]] == ["rgba", "composite"]
    assert data["outputs"][0]["foreground"] == "estimated"
    assert data["outputs"][1]["background"] == "blur:0.3"
    assert (data["device"], data["threads"]) == ("cpu", 2)
    assert data["smoothing"] == 0.75
    assert data["network_width"] % 32 == 0
    assert data["frames"] == FRAMES
