"""Frames out of files: upright, progressive, one size, exact time, damage counted."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streammat.errors import MediaError
from streammat.media.read_options import ReadOptions
from streammat.media.reader import open_options, open_reader
from streammat.types import Frame
from streammat_kernels.layout import Matrix, PixelLayout, Siting, Transfer
from tests.clips import (
    BT2020_PQ,
    MadeClip,
    make_audio_file,
    make_clip,
    make_size_change_clip,
    truncate,
)
from tests.tolerances import (
    CODED_LUMA_MEAN_LEVELS,
    LUMA_MEAN_LEVELS,
)


def luma(made: MadeClip, index: int) -> np.ndarray:
    """Limited-range BT.709 luma (H, W) of a made frame."""
    rgb = made.rgb[index].astype(np.float64)
    coded: np.ndarray = 16 + 219 / 255 * (rgb @ np.array([0.2126, 0.7152, 0.0722]))
    return coded


def read(path: Path, **options: object) -> list[Frame]:
    with open_reader(path, notify=_ignore, **options) as reader:  # type: ignore[arg-type]
        return list(reader)


def _ignore(line: str) -> None:
    """Tests that look at the lines collect them."""


def test_frames_carry_the_picture_and_its_place_in_time(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mp4")
    frames = read(made.path)
    assert [f.index for f in frames] == list(range(12))
    assert [f.pts * f.time_base for f in frames] == made.pts_seconds
    assert [f.reset for f in frames] == [True] + [False] * 11
    for frame in frames:
        error = np.abs(frame.planes[0] - luma(made, frame.index)).mean()
        assert error < LUMA_MEAN_LEVELS


def test_planes_stay_valid_after_the_reader_is_closed(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mp4")
    frames = read(made.path)
    kept = [frame.planes[0].copy() for frame in frames]
    assert all((frame.planes[0] == copy).all() for frame, copy in zip(frames, kept, strict=True))


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_variable_frame_rate_keeps_every_time_stamp(tmp_path: Path, suffix: str) -> None:
    stamps = [0, 40, 100, 130, 300, 301, 700]
    made = make_clip(tmp_path / f"vfr{suffix}", pts=stamps)
    assert [f.pts * f.time_base for f in read(made.path)] == [Fraction(s, 1000) for s in stamps]


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_rotation_is_undone(tmp_path: Path, rotation: int) -> None:
    made = make_clip(tmp_path / "r.mp4", size=(96, 64), rotation=rotation)
    with open_reader(made.path) as reader:
        assert (reader.info.width, reader.info.height) == (96, 64)
        assert reader.info.rotation == rotation
        frame = next(iter(reader))
    assert frame.planes[0].shape == (64, 96)
    assert np.abs(frame.planes[0] - luma(made, 0)).mean() < LUMA_MEAN_LEVELS


def test_a_sideways_422_picture_swaps_its_chroma_subsampling(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "r.mov", rotation=90, pix_fmt="yuv422p")
    (frame, *_) = read(made.path)
    assert frame.layout == PixelLayout(chroma_x=1, chroma_y=2)
    assert frame.planes[1].shape == (32, 96)
    assert frame.colour.siting is Siting.CENTER


def test_sample_aspect_turns_with_the_picture(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "s.mp4", sample_aspect=Fraction(4, 3), rotation=90)
    with open_reader(made.path) as reader:
        assert reader.info.sample_aspect == Fraction(3, 4)


def test_ten_bit_hdr_is_read_natively(tmp_path: Path) -> None:
    made = make_clip(
        tmp_path / "h.mp4", codec="libx265", pix_fmt="yuv420p10le", tags=BT2020_PQ, frames=3
    )
    (frame, *_) = read(made.path)
    assert frame.planes[0].dtype == np.uint16
    assert frame.layout.bits == 10
    assert frame.colour.matrix is Matrix.BT2020
    assert frame.colour.transfer is Transfer.PQ


def test_untagged_colour_is_said_once(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "u.mp4", tags=None)
    lines: list[str] = []
    with open_reader(made.path, notify=lines.append) as reader:
        assert reader.info.colour.matrix is Matrix.BT601
        list(reader)
    assert len(lines) == 1
    assert "BT.601 limited range assumed" in lines[0]


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (5, 7), (33, 17)])
def test_odd_and_tiny_sizes(tmp_path: Path, size: tuple[int, int]) -> None:
    made = make_clip(tmp_path / "o.webm", size=size, codec="libvpx-vp9", frames=3)
    (frame, *_) = read(made.path)
    assert (frame.width, frame.height) == size
    assert frame.planes[1].shape == (-(-size[1] // 2), -(-size[0] // 2))
    assert np.abs(frame.planes[0] - luma(made, 0)).mean() < CODED_LUMA_MEAN_LEVELS


def test_interlaced_pictures_become_progressive_at_frame_rate(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "i.mp4", frames=5, interlaced=True, subject="square")
    true = make_clip(tmp_path / "p.mp4", frames=5, subject="square")
    lines: list[str] = []
    with open_reader(made.path, notify=lines.append) as reader:
        assert reader.info.interlaced
        frames = list(reader)
    assert [f.pts * f.time_base for f in frames] == made.pts_seconds
    assert sum("deinterlaced" in line for line in lines) == 1
    combed = np.abs(luma(made, 2) - luma(true, 2)).mean()
    mended = np.abs(frames[2].planes[0] - luma(true, 2)).mean()
    assert mended < combed / 2


def test_a_size_change_keeps_the_first_size_and_resets(tmp_path: Path) -> None:
    path = make_size_change_clip(tmp_path / "c.ts", (96, 64), (64, 96), frames=6)
    lines: list[str] = []
    with open_reader(path, notify=lines.append) as reader:
        frames = list(reader)
    assert {frame.planes[0].shape for frame in frames} == {(64, 96)}
    assert [f.index for f in frames if f.reset] == [0, 6]
    assert sum("changes size to 64x96" in line for line in lines) == 1


def test_alpha_of_the_source_is_kept_on_request_only(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.webm", codec="libvpx-vp9", pix_fmt="yuva420p", frames=3)
    assert not read(made.path)[0].layout.alpha
    kept = read(made.path, keep_alpha=True)[0]
    assert kept.layout.alpha
    assert kept.planes[3].min() == 255


def test_the_alpha_of_a_webm_is_named_where_it_is_not_used(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.webm", codec="libvpx-vp9", pix_fmt="yuva420p", frames=3)
    said: list[str] = []
    open_reader(tmp_path / "a.webm", notify=said.append).close()
    assert f"{tmp_path}/a.webm: its own alpha channel is not used" in said
    said.clear()
    open_reader(tmp_path / "a.webm", keep_alpha=True, notify=said.append).close()
    assert not any("alpha" in line for line in said)


def test_filling_holes_of_a_video_is_said_to_be_no_use(tmp_path: Path) -> None:
    made, said = make_clip(tmp_path / "a.mp4", frames=2), list[str]()
    open_options(str(made.path), ReadOptions(missing="hold"), said.append).close()
    assert f"--missing hold is not used: {made.path} is no image sequence" in said


def test_palette_pictures_arrive_as_rgb(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "p.gif", codec="gif", pix_fmt="rgb8", frames=3)
    (frame, *_) = read(made.path)
    assert len(frame.planes) == 3
    error = np.abs(np.stack(frame.planes, -1).astype(int) - made.rgb[0]).mean()
    assert error < CODED_LUMA_MEAN_LEVELS * 4  # eight levels a channel


def test_truncated_file_gives_what_is_left_and_counts_the_rest(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "t.mkv", frames=50)
    truncate(made.path, 0.6)
    with open_reader(made.path) as reader:
        got = len(list(reader))
        assert 10 < got < 50
        assert abs(reader.lost_frames - (50 - got)) <= 1
        (place,) = reader.lost_places
        assert abs(_seconds(place) - got / 25) <= 0.2


def test_damaged_packets_are_counted_and_strict_refuses(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "d.mkv", frames=50, options={"g": "10"})
    data = bytearray(made.path.read_bytes())
    half = len(data) // 2
    data[half : half + 600] = bytes(600)
    made.path.write_bytes(data)
    with open_reader(made.path) as reader:
        got = len(list(reader))
        assert reader.lost_frames >= 1
        assert got >= 40
        assert all(abs(_seconds(place) - 1) < 0.5 for place in reader.lost_places)
        assert reader.lost_places
    with pytest.raises(MediaError, match="damaged near"):
        read(made.path, strict=True)


def test_places_of_damage_are_on_the_clock_that_start_uses(tmp_path: Path) -> None:
    late = range(9000, 11000, 40)  # the file's own time stamps, milliseconds
    made = make_clip(tmp_path / "late.mkv", frames=50, pts=late)
    truncate(made.path, 0.6)
    with open_reader(made.path) as reader:
        got = list(reader)
        (place,) = reader.lost_places
    assert got[0].pts * got[0].time_base == 9
    assert abs(_seconds(place) - len(got) / 25) <= 0.2


def test_a_healthy_clip_loses_nothing(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "h.mp4", frames=30)
    with open_reader(made.path, strict=True) as reader:
        assert len(list(reader)) == 30
        assert (reader.lost_frames, reader.lost_places) == (0, ())


def _seconds(place: str) -> float:
    return float(place.removeprefix("near ").removesuffix(" s"))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"start": "0.2"}, list(range(5, 25))),
        ({"end": "0.2"}, list(range(5))),
        ({"start": "0:00.4", "end": "0.6"}, list(range(10, 15))),
        ({"frames": "3-6"}, [3, 4, 5, 6]),
        ({"limit": 4}, [0, 1, 2, 3]),
        ({"start": "0.2", "limit": 2}, [5, 6]),
    ],
)
def test_selection(tmp_path: Path, options: dict[str, object], expected: list[int]) -> None:
    made = make_clip(tmp_path / "s.mp4", frames=25, options={"g": "7"})
    with open_reader(made.path, **options) as reader:  # type: ignore[arg-type]
        frames = list(reader)
        assert reader.info.frames == len(expected)
    assert [f.pts * f.time_base * 25 for f in frames] == expected
    assert [f.index for f in frames] == list(range(len(expected)))
    assert frames[0].reset


def test_a_selection_outside_the_clip_is_refused(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "s.mp4", frames=25)
    with pytest.raises(MediaError, match=r"the clip is 1\.00 s long"):
        read(made.path, start="9")


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="no such file"):
        read(tmp_path / "none.mp4")


def test_text_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_text("not a video\n" * 20)
    with pytest.raises(MediaError, match="not a readable video"):
        read(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = make_audio_file(tmp_path / "s.mp4")
    with pytest.raises(MediaError, match=r"no video stream \(1 audio stream found\)"):
        read(path)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_video_without_a_single_frame_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"z{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 96, 64
        container.start_encoding()
    with pytest.raises(MediaError, match=r"no video stream|before its first frame"):
        read(path)


def test_errors_are_one_line(tmp_path: Path) -> None:
    with pytest.raises(MediaError) as caught:
        read(tmp_path / "none.mp4")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2
