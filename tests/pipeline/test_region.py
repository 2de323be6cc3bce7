"""``roi auto``: the source is read once before; the network looks where the subject keeps to."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

import streammat
from streammat.errors import ConfigError
from streammat.matting import CloserMatter, KeptMatter
from streammat.matting.extent import Extent
from streammat.matting.window import window_of
from streammat.pipeline.job import Job, matte_file
from streammat.pipeline.region import closer_note
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from tests.engines.tiny_model import write_tiny_model
from tests.media.test_formats import INFO

WIDTH, HEIGHT, FRAMES = 640, 360, 40
BOX = 80


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "cache"))


def place(number: int) -> tuple[int, int]:
    """Left and top of the subject in a frame."""
    return 200 + 2 * number, 120


def picture(number: int, left: int, top: int) -> NDArray[np.uint8]:
    """The tiny model's subject, red, over its background, green."""
    del number
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[..., 1] = 255
    rgb[top : top + BOX, left : left + BOX] = (255, 0, 0)
    return rgb


def clip(path: Path, places: Any = place, frames: int = FRAMES) -> str:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        for number in range(frames):
            rgb = picture(number, *places(number))
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="bgr0")
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return str(path)


@pytest.fixture
def settings(tmp_path: Path) -> MatteSettings:
    model = str(write_tiny_model(tmp_path / "tiny_tt.onnx", psp=False))
    return MatteSettings(
        model=model, size="fast", smooth="off", roi="auto", threads=1, device="cpu"
    )


def request(tmp_path: Path) -> list[OutputRequest]:
    return [OutputRequest(str(tmp_path / "a.mov"), OutputKind.ALPHA)]


def test_the_network_looks_where_the_subject_is_in_any_frame(
    tmp_path: Path, settings: MatteSettings
) -> None:
    source, lines = clip(tmp_path / "in.mkv"), list[str]()
    with Job(source, request(tmp_path), settings, notify=lines.append) as job:
        matter = job.matter
        assert isinstance(matter, CloserMatter)
        window = matter.window
        report = job.run()
    assert window is not None
    last = place(FRAMES - 1)[0] + BOX
    assert window.left < 200
    assert last < window.left + window.width < WIDTH
    assert report.frames == FRAMES
    assert "looking for the subject" in " ".join(lines)
    assert not any("reaches beyond" in line for line in lines)


def test_the_next_job_of_a_kept_network_looks_for_its_own_subject(
    tmp_path: Path, settings: MatteSettings
) -> None:
    found = []
    with KeptMatter() as kept:
        for number, left in enumerate((100, 500)):
            source = clip(tmp_path / f"{number}.mkv", lambda _, left=left: (left, 120), 3)
            target = [OutputRequest(str(tmp_path / f"{number}.mov"), OutputKind.ALPHA)]
            with Job(source, target, settings, kept=kept) as job:
                assert isinstance(job.matter, CloserMatter)
                assert job.matter.window is not None
                found.append(job.matter.window.left)
    assert found[0] < 100 < found[1] < 500


def test_python_looks_there_too(tmp_path: Path, settings: MatteSettings) -> None:
    source = clip(tmp_path / "in.mkv")
    mattes = list(streammat.open(source, notify=lambda line: None).matte(settings))
    assert len(mattes) == FRAMES
    for matte in (mattes[0], mattes[-1]):
        left, top = place(matte.index)
        assert (matte.alpha[top + 8 : top + BOX - 8, left + 8 : left + BOX - 8] == 65535).all()
        assert not matte.alpha[:, : left - 12].any()


def test_what_no_look_saw_is_told(tmp_path: Path, settings: MatteSettings) -> None:
    def places(number: int) -> tuple[int, int]:
        return (500 if number == 1 else 200), 120

    lines = list[str]()
    source = clip(tmp_path / "in.mkv", places, 50)  # every second frame is looked at
    matte_file(source, request(tmp_path), settings, notify=lines.append)
    told = [line for line in lines if "reaches beyond" in line]
    assert not told  # it is beyond, not at the border: nothing can be known of it

    def reaching(number: int) -> tuple[int, int]:
        return (200 + 60 if number == 1 else 200), 120

    source = clip(tmp_path / "other.mkv", reaching, 50)
    target = [OutputRequest(str(tmp_path / "b.mov"), OutputKind.ALPHA)]
    matte_file(source, target, settings, notify=lines.append)
    assert any("in 1 frames" in line and "--roi X,Y,W,H" in line for line in lines)


def test_without_a_subject_whole_frames_are_looked_at(
    tmp_path: Path, settings: MatteSettings
) -> None:
    lines = list[str]()
    source = clip(tmp_path / "in.mkv", lambda number: (WIDTH, HEIGHT), 5)
    with Job(source, request(tmp_path), settings, notify=lines.append) as job:
        assert isinstance(job.matter, CloserMatter)
        assert job.matter.window is None
    assert any("whole frames: no subject was found" in line for line in lines)


def test_a_cancelled_search_ends_the_job_early(tmp_path: Path, settings: MatteSettings) -> None:
    cancel = threading.Event()
    cancel.set()
    source = clip(tmp_path / "in.mkv")
    report = matte_file(source, request(tmp_path), settings, cancel=cancel)
    assert report.cancelled
    assert report.frames == 0
    assert not (tmp_path / "a.mov").exists()


def test_a_pipe_is_refused(tmp_path: Path, settings: MatteSettings) -> None:
    with pytest.raises(ConfigError, match="a pipe cannot: give X,Y,W,H"):
        matte_file("-", request(tmp_path), settings)
    assert not (tmp_path / "a.mov").exists()


def test_pictures_in_memory_are_refused(settings: MatteSettings) -> None:
    with pytest.raises(ConfigError, match="give X, Y, W, H"):
        streammat.create_matter(settings)


def held(left: int, top: int, right: int, bottom: int, size: tuple[int, int]) -> Extent:
    extent = Extent()
    alpha = np.zeros(size, np.uint16)
    alpha[top:bottom, left:right] = 65535
    extent.add(alpha)
    return extent


def test_a_job_that_would_gain_says_so() -> None:
    info, plain = replace(INFO, width=1920, height=1080), MatteSettings()
    small = held(800, 200, 1100, 900, (1080, 1920))
    window = window_of(small.rect(), 1080, 1920)
    assert window is not None
    line = closer_note(small, info, plain)
    assert "--roi auto" in line
    assert f"{window.width}x{window.height} at {window.left},{window.top}" in line
    large = held(100, 100, 1800, 1000, (1080, 1920))
    assert closer_note(large, info, plain) == ""
    assert closer_note(small, info, replace(plain, roi=(0, 0, 900, 900))) == ""
    assert closer_note(small, replace(info, still=True), plain) == ""
    tiny = held(100, 50, 200, 250, (360, 640))
    assert closer_note(tiny, replace(INFO, width=640, height=360), plain) == ""
    assert closer_note(Extent(), info, plain) == ""
