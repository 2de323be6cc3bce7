"""PNG out: exact samples, numbering, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.errors import OutputError
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


def test_a_pattern_keeps_the_numbers_of_a_source_sequence(tmp_path: Path) -> None:
    for number in (101, 102, 103):
        Image.new("RGB", (8, 6), (number, 0, 0)).save(tmp_path / f"s{number}.png")
    copy_clip(tmp_path / "s%d.png", f"{tmp_path}/o.%04d.png", frames="1-2")
    assert sorted(p.name for p in tmp_path.glob("o.*")) == ["o.0102.png", "o.0103.png"]


def test_one_png_holds_one_picture(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=3)
    with pytest.raises(OutputError, match=r"use o\.%05d\.png or a folder/"):
        copy_clip(made.path, tmp_path / "o.png")
    copy_clip(made.path, tmp_path / "o.png", limit=1)
    assert Image.open(tmp_path / "o.png").mode == "RGBA"


def test_existing_images_need_overwrite_and_a_longer_old_run_goes(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=5)
    copy_clip(made.path, f"{tmp_path}/f/")
    (tmp_path / "f" / "note.txt").write_text("keep me")
    with pytest.raises(OutputError, match="add --overwrite"):
        copy_clip(made.path, f"{tmp_path}/f/")
    copy_clip(made.path, f"{tmp_path}/f/", overwrite=True, limit=2)
    assert names(tmp_path / "f") == ["00000.png", "00001.png", "note.txt"]


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
