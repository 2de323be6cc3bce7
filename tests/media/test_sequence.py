"""Stills and image sequences in."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from streammat.errors import ConfigError, MediaError
from streammat.media.reader import open_reader, open_source
from streammat.media.sequence import list_images
from streammat.settings import MatteSettings
from streammat_kernels.layout import Family
from tests.clips import make_clip

from .sources import read_source
from .writing import silent

ORIENTATION = 0x0112


def sequence(folder: Path, count: int, name: str = "im{}.png") -> None:
    for number in range(1, count + 1):
        Image.new("RGB", (12, 8), (number, 0, 0)).save(folder / name.format(number))


@pytest.mark.parametrize("name", ["a.#####.png", "a.@@@@@.png"])
def test_signs_count_like_a_pattern_of_their_width(tmp_path: Path, name: str) -> None:
    sequence(tmp_path, 3, "a.{:05d}.png")
    sequence(tmp_path, 2, "a.{}.png")
    assert list_images(f"{tmp_path}/{name}") == list_images(f"{tmp_path}/a.%05d.png")


def test_two_counters_cannot_be_told_apart(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="has two counters; keep one"):
        list_images(f"{tmp_path}/a.%03d.####.png")


@pytest.mark.parametrize("name", ["take%02d.mkv", "take####.mkv", "take%02d.png"])
def test_a_file_of_exactly_that_name_is_meant(tmp_path: Path, name: str) -> None:
    sequence(tmp_path, 3, "take{:02d}.png")
    if name.endswith(".mkv"):
        make_clip(tmp_path / name, frames=2, codec="ffv1")
    else:
        Image.new("RGB", (12, 8)).save(tmp_path / name)
    info, frames, _ = read_source(tmp_path / name)
    assert (info.still, len(frames)) == (name.endswith(".png"), 1 + name.endswith(".mkv"))


@pytest.mark.parametrize("source", ["{0}", "{0}/im%d.png", "{0}/im*.png"])
def test_images_come_in_natural_order(tmp_path: Path, source: str) -> None:
    sequence(tmp_path, 11)
    (tmp_path / "notes.txt").write_text("not an image")
    with open_reader(source.format(tmp_path), notify=silent) as reader:
        assert not reader.info.still
        assert reader.info.frames == 11
        assert reader.info.metadata["first_number"] == "1"
        frames = list(reader)
    assert [int(f.planes[0][0, 0]) for f in frames] == list(range(1, 12))
    assert [f.pts for f in frames] == list(range(11))


def test_zero_padded_pattern_matches_its_width(tmp_path: Path) -> None:
    sequence(tmp_path, 3, "a.{:05d}.png")
    sequence(tmp_path, 3, "a.{}.png")
    assert len(list_images(f"{tmp_path}/a.%05d.png")) == 3


def test_missing_frame_rate_is_said_once(tmp_path: Path) -> None:
    sequence(tmp_path, 3)
    lines: list[str] = []
    with open_reader(tmp_path, notify=lines.append) as reader:
        list(reader)
    assert len(lines) == 1
    assert "25 frames a second assumed" in lines[0]


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_exif_orientation_is_undone(tmp_path: Path, orientation: int, turns: int) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:10] = 200
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=95)
    with open_reader(tmp_path / "a.jpg") as reader:
        assert reader.info.still
        (frame,) = reader
    upright = np.rot90(pixels[..., 0], turns)
    assert frame.planes[0].shape == upright.shape
    assert np.abs(frame.planes[0].astype(int) - upright).mean() < 2


def test_sixteen_bit_png_keeps_all_its_bits(tmp_path: Path) -> None:
    deep = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
    Image.fromarray(deep).save(tmp_path / "g.png")
    with open_reader(tmp_path / "g.png") as reader:
        assert reader.info.layout.family is Family.GRAY
        (frame,) = reader
    np.testing.assert_array_equal(frame.planes[0], deep)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "CMYK", "1"])
def test_every_kind_of_image_becomes_gray_or_rgb(tmp_path: Path, mode: str) -> None:
    Image.new("RGB", (9, 7), (255, 255, 255)).convert(mode).save(tmp_path / "a.tif")
    with open_reader(tmp_path / "a.tif") as reader:
        (frame,) = reader
    assert len(frame.planes) in {1, 3}
    assert all((plane == 255).all() for plane in frame.planes)


def test_another_size_is_scaled_to_the_first_and_resets(tmp_path: Path) -> None:
    sequence(tmp_path, 2)
    Image.new("RGB", (24, 10), (3, 0, 0)).save(tmp_path / "im3.png")
    lines: list[str] = []
    with open_reader(tmp_path, notify=lines.append) as reader:
        frames = list(reader)
    assert [f.planes[0].shape for f in frames] == [(8, 12)] * 3
    assert [f.reset for f in frames] == [True, False, True]
    assert sum("24x10" in line for line in lines) == 1


def test_a_damaged_image_is_counted_and_strict_refuses(tmp_path: Path) -> None:
    sequence(tmp_path, 4)
    (tmp_path / "im2.png").write_bytes(b"broken")
    with open_reader(tmp_path, notify=silent) as reader:
        assert [f.pts for f in reader] == [0, 2, 3]
        assert reader.lost_frames == 1
    with (
        pytest.raises(MediaError, match="not a readable image"),
        open_reader(tmp_path, strict=True, notify=silent) as reader,
    ):
        list(reader)


@pytest.mark.parametrize("broken", [(1, 3), (2,), ()])
def test_lost_images_are_named(tmp_path: Path, broken: tuple[int, ...]) -> None:
    sequence(tmp_path, 4)
    for number in broken:
        (tmp_path / f"im{number}.png").write_bytes(b"broken")
    with open_reader(tmp_path, notify=silent) as reader:
        list(reader)
        assert reader.lost_places == tuple(f"im{number}.png" for number in broken)


def test_a_lost_image_that_is_held_is_named_once(tmp_path: Path) -> None:
    (with_holes(tmp_path) / "h.0004.png").write_bytes(b"broken")
    with open_source(str(tmp_path), MatteSettings(missing="hold", fps="24"), 1, silent) as reader:
        list(reader)
        assert reader.lost_places == ("h.0004.png",)
        assert reader.lost_frames == 3


def test_selection_by_number_and_time(tmp_path: Path) -> None:
    sequence(tmp_path, 10)
    with open_reader(tmp_path, frames="2-4", notify=silent) as reader:
        assert [f.pts for f in reader] == [2, 3, 4]
        assert reader.info.metadata["first_number"] == "3"
    with open_reader(tmp_path, start="0.2", limit=2, notify=silent) as reader:
        assert [f.pts for f in reader] == [5, 6]


@pytest.mark.parametrize("source", ["empty", "none.png", "x%03d.png"])
def test_nothing_to_read_is_refused(tmp_path: Path, source: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MediaError, match=r"no such file|without images|no image matches"):
        open_reader(tmp_path / source)


def with_holes(folder: Path) -> Path:
    """Images 3 to 9 without 5, 6 and 8; the number is the red of each."""
    for number in (3, 4, 7, 9):
        Image.new("RGB", (12, 8), (number, 0, 0)).save(folder / f"h.{number:04}.png")
    return folder


@pytest.mark.parametrize("source", ["{0}", "{0}/h.%04d.png", "{0}/h.*.png"])
def test_missing_frames_are_named_and_stop_the_job(tmp_path: Path, source: str) -> None:
    with_holes(tmp_path)
    with pytest.raises(MediaError, match=r"3 frames are missing of 7 \(5-6, 8\).*--missing hold"):
        read_source(source.format(tmp_path))


@pytest.mark.parametrize(("part", "red"), [("0-1", [3, 4]), ("4-4", [7]), ("6-", [9])])
def test_a_hole_outside_of_the_part_does_not_matter(
    tmp_path: Path, part: str, red: list[int]
) -> None:
    info, frames, _ = read_source(with_holes(tmp_path), fps="24", frames=part)
    assert ([int(f.planes[0][0, 0]) for f in frames], info.holes) == (red, ())


def test_only_the_holes_of_the_part_are_named(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"2 frames are missing of 3 \(5-6\)"):
        read_source(with_holes(tmp_path), fps="24", frames="1-3")


@pytest.mark.parametrize(
    ("missing", "red"), [("hold", [3, 4, 4, 4, 7, 7, 9]), ("black", [3, 4, 0, 0, 7, 0, 9])]
)
def test_missing_frames_are_filled_where_they_belong(
    tmp_path: Path, missing: str, red: list[int]
) -> None:
    info, frames, said = read_source(with_holes(tmp_path), missing=missing, fps="24")
    assert [int(f.planes[0][0, 0]) for f in frames] == red
    assert [f.pts for f in frames] == list(range(7))
    assert (info.frames, info.holes, info.first_number) == (7, (5, 6, 8), 3)
    assert any("3 frames missing (5-6, 8)" in line for line in said)


def test_a_part_names_its_own_holes_and_its_first_number(tmp_path: Path) -> None:
    info, frames, _ = read_source(with_holes(tmp_path), missing="hold", fps="24", frames="3-4")
    assert (info.holes, info.first_number, info.first_pts) == ((6,), 6, 3)
    assert [int(f.planes[0][0, 0]) for f in frames] == [4, 7]


def test_photographs_with_numbers_far_apart_are_no_sequence_with_holes(tmp_path: Path) -> None:
    for number in (12, 40, 73):
        Image.new("RGB", (12, 8)).save(tmp_path / f"IMG_{number:04}.png")
    info, frames, _ = read_source(tmp_path)
    assert (info.holes, len(frames)) == ((), 3)


@pytest.mark.parametrize("source", ["{0}", "{0}/*", "{0}/*[0-9].*"])
def test_two_sequences_in_one_place_are_named_and_not_mixed(tmp_path: Path, source: str) -> None:
    sequence(tmp_path, 3, "a.{:04d}.png")
    sequence(tmp_path, 2, "b{}.png")
    with pytest.raises(MediaError, match=r"2 sequences: a\.%04d\.png \(3\), b%d\.png \(2\); give"):
        read_source(source.format(tmp_path))
    assert len(read_source(tmp_path / "b%d.png")[1]) == 2


def test_one_sequence_in_two_formats_is_two(tmp_path: Path) -> None:
    sequence(tmp_path, 3, "a.{:04d}.png")
    sequence(tmp_path, 3, "a.{:04d}.jpg")
    with pytest.raises(MediaError, match=r"2 sequences: a\.%04d\.jpg \(3\), a\.%04d\.png \(3\)"):
        read_source(tmp_path)


def test_photographs_of_several_cameras_are_no_sequences(tmp_path: Path) -> None:
    for name in ("IMG_12.png", "IMG_52.png", "DSC_7.png", "DSC_81.png", "beach.png"):
        Image.new("RGB", (12, 8)).save(tmp_path / name)
    assert len(read_source(tmp_path)[1]) == 5


@pytest.mark.parametrize("source", ["{0}", "{0}/s.%d.png"])
@pytest.mark.parametrize("step", [2, 3, 10])
def test_numbers_that_rise_by_one_step_are_kept(tmp_path: Path, source: str, step: int) -> None:
    for number in (1001, 1001 + step, 1001 + 2 * step):
        Image.new("RGB", (12, 8)).save(tmp_path / f"s.{number}.png")
    info, frames, said = read_source(source.format(tmp_path), fps="24", frames="1-")
    assert (info.first_number, info.number_step, info.holes) == (1001 + step, step, ())
    assert [f.pts for f in frames] == [1, 2]
    assert any(f"numbers rise by {step}: 3 frames in a row" in line for line in said)


def test_what_lies_between_steps_can_be_filled(tmp_path: Path) -> None:
    for number in (1, 4, 7):
        Image.new("RGB", (12, 8)).save(tmp_path / f"s.{number}.png")
    info, frames, _ = read_source(tmp_path, fps="24", missing="hold")
    assert (len(frames), info.number_step, info.holes) == (7, 1, (2, 3, 5, 6))


def test_numbers_too_far_apart_to_be_kept_are_said(tmp_path: Path) -> None:
    for number in (12, 40, 73):
        Image.new("RGB", (12, 8)).save(tmp_path / f"IMG_{number:04}.png")
    said = read_source(tmp_path, fps="24")[2]
    assert any("numbers far apart: 3 frames in a row, counted from 12" in line for line in said)


@pytest.mark.parametrize("source", ["{0}", "{0}/s.%d.png", "{0}/s.*.png"])
def test_numbers_below_0_are_refused(tmp_path: Path, source: str) -> None:
    for number in (-2, -1, 0, 1):
        Image.new("RGB", (12, 8)).save(tmp_path / f"s.{number}.png")
    with pytest.raises(MediaError, match=r"s\.-\d\.png: frame numbers below 0 are not read"):
        read_source(source.format(tmp_path))


def test_a_dash_before_the_number_is_no_minus(tmp_path: Path) -> None:
    sequence(tmp_path, 3, "shot-{:04d}.png")
    assert read_source(tmp_path, fps="24")[0].first_number == 1


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        ("24", Fraction(24)),
        ("23.976", Fraction(24000, 1001)),
        ("30000/1001", Fraction(30000, 1001)),
    ],
)
def test_frame_rate_is_taken_from_the_option(tmp_path: Path, written: str, rate: Fraction) -> None:
    sequence(tmp_path, 2)
    info, frames, said = read_source(tmp_path, fps=written)
    assert (info.rate, frames[1].pts * frames[1].time_base) == (rate, 1 / rate)
    assert said == []


def test_frame_rate_of_a_video_is_not_to_be_changed(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mp4", frames=2)
    with pytest.raises(ConfigError, match="time stamps of its own"):
        read_source(made.path, fps="24")


def test_strict_refuses_an_image_of_another_size(tmp_path: Path) -> None:
    sequence(tmp_path, 2)
    Image.new("RGB", (6, 4)).save(tmp_path / "im3.png")
    with pytest.raises(MediaError, match=r"im3\.png: 6x4, but the first image is 12x8"):
        read_source(tmp_path, strict=True)


def test_16_bit_png_samples_come_back_as_stored(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (8, 16, 3), dtype=np.uint16)
    frame = av.VideoFrame.from_ndarray(codes, "rgb48le")
    with av.open(str(tmp_path / "d.png"), "w", format="image2") as out:
        stream = out.add_stream("png", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 16, 8, "rgb48be"
        out.mux([*stream.encode(frame.reformat(format="rgb48be")), *stream.encode(None)])
    _, (read,), _ = read_source(tmp_path / "d.png")
    assert all((read.planes[c] == codes[..., c]).all() for c in range(3))


@pytest.mark.parametrize("suffix", [".webp", ".png", ".tif"])
def test_a_file_with_several_pictures_gives_the_first_and_says_so(
    tmp_path: Path, suffix: str
) -> None:
    pictures = [Image.new("RGB", (16, 8), (60 * i, 0, 0)) for i in range(3)]
    path = tmp_path / f"a{suffix}"
    pictures[0].save(path, save_all=True, append_images=pictures[1:])
    _, frames, said = read_source(path)
    assert len(frames) == 1
    assert frames[0].planes[0].max() <= 1
    way = "for all of them give a video or one file each"
    assert said == [f"{path}: holds 3 pictures, the first is read; {way}"]
