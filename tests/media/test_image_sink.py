"""PNG out: exact samples, numbering, all or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streammat.errors import OutputError
from streammat.hidden import hidden_name
from streammat.media.reader import open_reader
from streammat.media.sink import open_sink
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from tests.clips import make_clip

from .writing import copy_clip, fill, names, silent


def numbers(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.glob("*.png"))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", [OutputKind.RGBA, OutputKind.FOREGROUND, OutputKind.ALPHA])
def test_samples_are_exact(tmp_path: Path, kind: OutputKind, bits: int) -> None:
    pix_fmt, codec = ("yuv420p", "libx264") if bits == 8 else ("yuv420p10le", "libx265")
    made = make_clip(tmp_path / "in.mp4", frames=1, pix_fmt=pix_fmt, codec=codec)
    rng = np.random.default_rng(1)
    with open_reader(made.path) as reader:
        (frame,) = reader
        request = OutputRequest(str(tmp_path / "o.png"), kind)
        sink = open_sink(request, kind, reader.info, MatteSettings(limit=1), notify=silent)
        assert sink.layout.bits == (16 if kind is OutputKind.ALPHA else bits)
        picture = sink.new_picture()
        for plane in picture.planes:
            plane[:] = rng.integers(0, np.iinfo(plane.dtype).max, plane.shape, endpoint=True)
        sink.write(picture, frame)
        sink.close()
    with open_reader(tmp_path / "o.png", keep_alpha=True) as reader:
        (back,) = reader
    assert len(back.planes) == len(picture.planes)
    for written, read in zip(picture.planes, back.planes, strict=True):
        np.testing.assert_array_equal(written, read)


def test_a_folder_is_numbered_from_zero(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=12)
    copy_clip(made.path, f"{tmp_path}/frames/")
    assert numbers(tmp_path / "frames") == [f"{i:05d}.png" for i in range(12)]
    assert names(tmp_path) == ["frames", "in.mp4"]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"frames": "4-5"}, [4, 5]),
        ({"start": "0.5", "limit": 2}, [13, 14]),
        ({"start": "0.5", "end": "0.6"}, [13, 14]),
        ({"frames": "4-5", "start_number": 1001}, [1005, 1006]),
        ({"start_number": 0, "limit": 1}, [0]),
    ],
)
def test_a_part_of_a_clip_has_the_numbers_of_the_whole(
    tmp_path: Path, suffix: str, part: dict[str, Any], expected: list[int]
) -> None:
    made = make_clip(tmp_path / f"in{suffix}", frames=25)  # 25 frames a second
    copy_clip(made.path, f"{tmp_path}/f/", **part)
    assert numbers(tmp_path / "f") == [f"{number:05d}.png" for number in expected]


def test_parts_of_a_clip_meet_without_overlapping(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=25)
    copy_clip(made.path, f"{tmp_path}/f/", start="0.6")
    copy_clip(made.path, f"{tmp_path}/f/", start="0.3", end="0.6")
    copy_clip(made.path, f"{tmp_path}/f/", end="0.3")
    assert numbers(tmp_path / "f") == [f"{i:05d}.png" for i in range(25)]


def test_a_sequence_can_be_numbered_anew(tmp_path: Path) -> None:
    copy_clip(numbered(tmp_path, 4), f"{tmp_path}/f/", frames="1-2", start_number=100)
    assert numbers(tmp_path / "f") == ["00101.png", "00102.png"]


def test_a_pattern_keeps_the_numbers_of_a_source_sequence(tmp_path: Path) -> None:
    for number in (101, 102, 103):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(tmp_path / f"s{number}.png")
    copy_clip(tmp_path / "s%d.png", f"{tmp_path}/o.%04d.png", frames="1-2")
    assert sorted(p.name for p in tmp_path.glob("o.*")) == ["o.0102.png", "o.0103.png"]


def test_steps_between_the_numbers_of_the_source_are_kept(tmp_path: Path) -> None:
    for number in (101, 104, 107):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(tmp_path / f"s{number}.png")
    copy_clip(tmp_path / "s%d.png", f"{tmp_path}/f/", limit=2)
    copy_clip(tmp_path / "s%d.png", f"{tmp_path}/f/", frames="2-2")
    assert numbers(tmp_path / "f") == ["00101.png", "00104.png", "00107.png"]


def test_one_png_holds_one_picture(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=3)
    with pytest.raises(OutputError, match=r"use o\.%05d\.png or a folder/"):
        copy_clip(made.path, tmp_path / "o.png")
    copy_clip(made.path, tmp_path / "o.png", limit=1)
    assert Image.open(tmp_path / "o.png").mode == "RGBA"


def test_only_the_numbers_that_are_written_need_overwrite_and_are_replaced(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=5)
    copy_clip(made.path, f"{tmp_path}/f/")
    (tmp_path / "f" / "note.txt").write_text("keep me")
    before = {path.name: path.stat().st_ino for path in (tmp_path / "f").iterdir()}
    with pytest.raises(OutputError, match=r"images exist \(0-1\); add --overwrite"):
        copy_clip(made.path, f"{tmp_path}/f/", limit=2)
    said: list[str] = []
    copy_clip(made.path, f"{tmp_path}/f/", overwrite=True, limit=2, notify=said.append)
    after = {path.name: path.stat().st_ino for path in (tmp_path / "f").iterdir()}
    assert {name for name in before if before[name] != after[name]} == {"00000.png", "00001.png"}
    assert len(before) == len(after)
    assert [line for line in said if "left as" in line] == [
        f"{tmp_path}/f/: 3 other frames of this sequence are left as they were"
    ]


def numbered(folder: Path, count: int) -> Path:
    for number in range(count):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(folder / f"s{number}.png")
    return folder / "s%d.png"


def test_parts_of_a_sequence_are_added_to_one_another(tmp_path: Path) -> None:
    source = numbered(tmp_path, 4)
    for part in ("2-3", "0-1"):
        copy_clip(source, f"{tmp_path}/f/", frames=part)
    assert numbers(tmp_path / "f") == [f"{i:05d}.png" for i in range(4)]


def test_other_spellings_of_a_number_are_other_files(tmp_path: Path) -> None:
    (tmp_path / "o.00001.png").write_bytes(b"of five digits")
    copy_clip(numbered(tmp_path, 2), f"{tmp_path}/o.%04d.png")
    assert [p.name for p in sorted(tmp_path.glob("o.*"))] == [
        "o.0000.png", "o.00001.png", "o.0001.png",
    ]  # fmt: skip


def test_an_image_that_appears_in_the_meantime_stays_and_the_others_are_kept(
    tmp_path: Path,
) -> None:
    with open_reader(numbered(tmp_path, 3), notify=silent) as reader:
        request = OutputRequest(f"{tmp_path}/f/")
        sink = open_sink(request, OutputKind.RGBA, reader.info, MatteSettings(), notify=silent)
        (tmp_path / "f").mkdir()
        (tmp_path / "f" / "00001.png").write_bytes(b"another's")
        frames = iter(reader)
        picture = sink.new_picture()
        fill(sink, picture, frame := next(frames))
        sink.write(picture, frame)
        with pytest.raises(OutputError, match=r"00001\.png: exists; add --overwrite"):
            sink.write(picture, next(frames))
        assert sink.abort(partial=True) == str(tmp_path / "f.partial")
    assert (tmp_path / "f" / "00001.png").read_bytes() == b"another's"
    assert numbers(tmp_path / "f.partial") == ["00000.png"]


def test_a_failed_part_leaves_every_older_image(tmp_path: Path) -> None:
    source = numbered(tmp_path, 4)
    copy_clip(source, f"{tmp_path}/f/")
    old = {path.name: path.read_bytes() for path in (tmp_path / "f").iterdir()}
    with open_reader(source, frames="1-2", notify=silent) as reader:
        request, settings = OutputRequest(f"{tmp_path}/f/"), MatteSettings(overwrite=True)
        sink = open_sink(request, OutputKind.RGBA, reader.info, settings, notify=silent)
        picture = sink.new_picture()
        fill(sink, picture, frame := next(iter(reader)))
        sink.write(picture, frame)
        sink.abort(partial=False)
    assert {path.name: path.read_bytes() for path in (tmp_path / "f").iterdir()} == old


@pytest.mark.parametrize("name", ["50% off.png", "a%s.png", "100%.png", "#1 @home.png"])
def test_a_sign_that_counts_nothing_is_a_letter_of_the_name(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (8, 6)).save(tmp_path / "p.png")
    (tmp_path / "o").mkdir()
    copy_clip(tmp_path / "p.png", tmp_path / "o" / name)
    assert names(tmp_path / "o") == [name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("100%_x.%04d.png", ["100%_x.0000.png", "100%_x.0001.png"]),
        ("o.####.png", ["o.0000.png", "o.0001.png"]),
        ("o@@@.png", ["o000.png", "o001.png"]),
    ],
)
def test_only_the_counter_is_replaced(tmp_path: Path, name: str, expected: list[str]) -> None:
    (tmp_path / "o").mkdir()
    copy_clip(numbered(tmp_path, 2), tmp_path / "o" / name)
    assert names(tmp_path / "o") == expected


def test_two_counters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="has two counters"):
        copy_clip(numbered(tmp_path, 2), tmp_path / "%02d.####.png")


def test_a_sequence_is_never_written_over_itself(tmp_path: Path) -> None:
    for number in range(3):
        Image.new("RGB", (8, 6)).save(tmp_path / f"s{number}.png")
    with pytest.raises(OutputError, match="is the input itself"):
        copy_clip(tmp_path / "s%d.png", f"{tmp_path}/s%d.png", overwrite=True)


@pytest.mark.parametrize("partial", [True, False])
def test_abort_leaves_a_partial_folder_or_nothing(tmp_path: Path, partial: bool) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=6)
    with open_reader(made.path) as reader:
        request = OutputRequest(f"{tmp_path}/f/")
        sink = open_sink(request, OutputKind.RGBA, reader.info, MatteSettings(), notify=silent)
        for frame in reader:
            if frame.index == 3:
                break
            picture = sink.new_picture()
            fill(sink, picture, frame)
            sink.write(picture, frame)
        kept = sink.abort(partial=partial)
    assert not (tmp_path / "f").exists()
    if partial:
        assert kept == str(tmp_path / "f.partial")
        assert len(numbers(tmp_path / "f.partial")) == 3
    else:
        assert names(tmp_path) == ["in.mp4"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot be asked whether a process lives")
def test_images_of_a_killed_job_are_removed_by_the_next(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    (tmp_path / "f").mkdir()
    hidden = hidden_name("f", 0).replace(f"-{os.getpid()}.", f"-{process.pid}.")
    for place in (tmp_path, tmp_path / "f"):
        (place / hidden).mkdir()
        (place / hidden / "000000000").touch()
    copy_clip(numbered(tmp_path / "f", 1), f"{tmp_path}/f/")
    assert names(tmp_path) == ["f"]
    assert names(tmp_path / "f") == ["00000.png", "s0.png"]


def test_comment_is_inside(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=1)
    copy_clip(made.path, tmp_path / "o.png", limit=1, metadata={"Comment": "streammat 1.2.3 é"})
    with Image.open(tmp_path / "o.png") as image:
        image.load()
        assert image.info["Comment"] == "streammat 1.2.3 é"


def test_what_numbers_and_square_pixels_cannot_say_is_named(tmp_path: Path) -> None:
    pts = [0, 40, 80, 320, 360]
    made = make_clip(tmp_path / "in.mkv", frames=5, pts=pts)
    said: list[str] = []
    with open_reader(made.path) as reader:
        info = replace(reader.info, variable_rate=False, sample_aspect=Fraction(2))
        request = OutputRequest(f"{tmp_path}/o.%02d.png", OutputKind.RGBA)
        sink = open_sink(request, OutputKind.RGBA, info, MatteSettings(), notify=said.append)
        for frame in reader:
            picture = sink.new_picture()
            for plane in picture.planes:
                plane[:] = 0
            sink.write(picture, frame)
        sink.close()
    aspect, gap = said
    assert "sample aspect 2:1 is lost" in aspect
    assert gap.endswith("variable frame times (a gap before 0.320 s)")


def test_png_pixels_are_stated_as_square(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=1)
    copy_clip(made.path, tmp_path / "o.png", limit=1)
    data = (tmp_path / "o.png").read_bytes()
    place = data.index(b"pHYs") + 4
    assert data[place : place + 8] == bytes([0, 0, 0, 1, 0, 0, 0, 1])
