"""One generated clip for every property of a source, read back with exact expectations."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streammat.media.beside import say_left_out
from streammat.media.layouts import to_direct, views
from streammat.media.notices import Notices
from streammat.media.timecode import timecode_at, timecode_text
from streammat.types import Chromaticities, ColourTags, HdrMetadata, Track
from streammat_kernels.layout import Family, Matrix, Transfer
from tests.clips import make_clip

from .sources import (
    HLG,
    PHONE_STAMPS,
    lossless_clip,
    noise_frame,
    phone_clip,
    read_source,
    with_subtitles,
)

PQ = ColourTags(primaries=9, transfer=16, matrix=9, full_range=False)


@pytest.mark.parametrize("bits", ["", "10le", "12le"])
@pytest.mark.parametrize(("chroma", "steps"), [("420", (2, 2)), ("422", (2, 1)), ("444", (1, 1))])
def test_depth_and_subsampling_reach_the_plate_bit_by_bit(
    tmp_path: Path, bits: str, chroma: str, steps: tuple[int, int]
) -> None:
    written = lossless_clip(tmp_path / "a.mkv", f"yuv{chroma}p{bits}")
    info, frames, _ = read_source(tmp_path / "a.mkv")
    assert (info.layout.chroma_x, info.layout.chroma_y) == steps
    assert info.layout.bits == int(bits.removesuffix("le") or 8)
    for frame, planes in zip(frames, written, strict=True):
        assert all((a == b).all() for a, b in zip(frame.planes, planes, strict=True))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("code", "matrix"), [(1, Matrix.BT709), (6, Matrix.BT601), (9, Matrix.BT2020)]
)
def test_range_and_matrix_are_read(tmp_path: Path, full: bool, code: int, matrix: Matrix) -> None:
    tags = ColourTags(
        primaries=code, transfer=code if code != 9 else 14, matrix=code, full_range=full
    )
    lossless_clip(tmp_path / "a.mkv", tags=tags)
    info, _, said = read_source(tmp_path / "a.mkv")
    assert (info.colour.matrix, info.colour.full_range) == (matrix, full)
    assert info.tags == tags
    assert said == []


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_rotation_is_undone_and_told(tmp_path: Path, rotation: int) -> None:
    made = make_clip(tmp_path / "r.mp4", frames=2, size=(96, 64), rotation=rotation)
    info, frames, _ = read_source(made.path)
    assert (info.width, info.height, info.rotation) == (96, 64, rotation)
    assert frames[0].planes[0].shape == (64, 96)


def test_sample_aspect_is_told_and_turns_with_the_picture(tmp_path: Path) -> None:
    flat = make_clip(tmp_path / "a.mp4", frames=2, sample_aspect=Fraction(4, 3))
    assert read_source(flat.path)[0].sample_aspect == Fraction(4, 3)
    turned = make_clip(tmp_path / "b.mp4", frames=2, sample_aspect=Fraction(4, 3), rotation=90)
    assert read_source(turned.path)[0].sample_aspect == Fraction(3, 4)


def test_variable_rate_keeps_its_stamps_and_is_told(tmp_path: Path) -> None:
    stamps = [0, 40, 100, 130, 300]
    made = make_clip(tmp_path / "v.mov", pts=stamps)
    info, frames, _ = read_source(made.path)
    assert [f.pts * f.time_base for f in frames] == [Fraction(s, 1000) for s in stamps]
    assert info.variable_rate


@pytest.mark.parametrize(
    ("tags", "transfer", "seen"), [(PQ, Transfer.PQ, "pq"), (HLG, Transfer.HLG, "hlg")]
)
def test_hdr_stays_hdr_and_the_network_gets_a_view(
    tmp_path: Path, tags: ColourTags, transfer: Transfer, seen: str
) -> None:
    written = lossless_clip(tmp_path / "h.mkv", "yuv420p10le", tags=tags)
    info, frames, _ = read_source(tmp_path / "h.mkv")
    assert (info.colour.transfer, info.tags, info.input_colour) == (transfer, tags, seen)
    assert frames[0].view is not None
    assert all((a == b).all() for a, b in zip(frames[0].planes, written[0], strict=True))


def test_static_hdr_metadata_is_read(tmp_path: Path) -> None:
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    params = f"log-level=error:pools=1:frame-threads=1:master-display={display}:max-cll=1000,400"
    made = make_clip(
        tmp_path / "h.mp4",
        frames=2,
        codec="libx265",
        pix_fmt="yuv420p10le",
        tags=PQ,
        options={"x265-params": params},
    )
    primaries = Chromaticities((0.68, 0.32), (0.265, 0.69), (0.15, 0.06), (0.3127, 0.329))
    assert read_source(made.path)[0].hdr == HdrMetadata(primaries, (0.0001, 1000.0), 1000, 400)


@pytest.mark.parametrize("text", ["01:00:59;20", "10:00:00:05"])
@pytest.mark.parametrize("place", ["stream", "container"])
def test_time_code_is_read_and_moves_with_the_cut(tmp_path: Path, text: str, place: str) -> None:
    stated = {"timecode": text}
    rate = Fraction(30000, 1001)
    lossless_clip(
        tmp_path / "t.mkv",
        frames=20,
        rate=rate,
        stream_metadata=stated if place == "stream" else None,
        metadata=stated if place == "container" else None,
    )
    info, frames, _ = read_source(tmp_path / "t.mkv")
    assert info.timecode is not None
    assert timecode_text(info.timecode) == text
    last = timecode_at(info, frames[-1])
    assert last is not None
    wanted = "01:01:00;11" if ";" in text else "10:00:00:24"  # two numbers are dropped
    assert timecode_text(last) == wanted
    cut, _, _ = read_source(tmp_path / "t.mkv", frames="19-")
    assert cut.timecode == last
    assert cut.first_pts == frames[-1].pts


def test_time_code_of_a_quicktime_track_is_read(tmp_path: Path) -> None:
    path = tmp_path / "t.mov"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        stream.metadata["timecode"] = "09:59:59:24"
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), "rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        container.mux([*stream.encode(frame.reformat(format="yuvj420p")), *stream.encode(None)])
    info, _, _ = read_source(path)
    assert info.timecode is not None
    assert timecode_text(info.timecode) == "09:59:59:24"
    assert [track.codec for track in info.tracks] == ["timecode"]


def test_time_code_that_cannot_be_is_said(tmp_path: Path) -> None:
    lossless_clip(tmp_path / "t.mkv", metadata={"timecode": "01:00:00:29"})
    info, _, said = read_source(tmp_path / "t.mkv")
    assert info.timecode is None
    assert any("time code 01:00:00:29 does not fit 25" in line for line in said)


def test_every_other_track_is_listed_in_order(tmp_path: Path) -> None:
    lossless_clip(tmp_path / "a.mkv", tones=["eng", "deu"])
    path = with_subtitles(tmp_path / "a.mkv", tmp_path / "b.mkv")
    info, _, _ = read_source(path)
    found = [(t.kind, t.codec, t.language) for t in info.tracks]
    assert found == [
        ("audio", "pcm_s16le", "eng"),
        ("audio", "pcm_s16le", "deu"),
        ("subtitle", "srt", "eng"),
    ]
    assert info.tracks[0] == Track(1, "audio", "pcm_s16le", "eng", 1, 48000)


def test_chapters_are_read_on_the_clock_of_the_frames(tmp_path: Path) -> None:
    unit = Fraction(1, 1000)
    parts = [
        {"id": 1, "start": 0, "end": 40, "time_base": unit, "metadata": {"title": "One"}},
        {"id": 2, "start": 40, "end": 120, "time_base": unit, "metadata": {"title": "Two"}},
    ]
    lossless_clip(tmp_path / "c.mkv", chapters=parts)
    info, _, _ = read_source(tmp_path / "c.mkv")
    assert [(c.start_seconds, c.end_seconds, c.title) for c in info.chapters] == [
        (Fraction(0), Fraction(40, 1000), "One"),
        (Fraction(40, 1000), Fraction(120, 1000), "Two"),
    ]


def test_the_track_of_chapter_names_is_told_apart(tmp_path: Path) -> None:
    unit, name = Fraction(1, 1000), {"title": "A"}
    parts = [{"id": 0, "start": 0, "end": 40, "time_base": unit, "metadata": name}]
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        container.set_chapters(parts)  # type: ignore[arg-type]
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 48, 3), np.uint8), "rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    info = read_source(tmp_path / "a.mp4")[0]
    assert [(track.kind, track.codec) for track in info.tracks] == [("data", "chapters")]
    said: list[str] = []
    say_left_out("o.mp4", info, Notices(said.append), pictures_only=False, hdr=True)
    assert not said


def test_a_clip_that_starts_late_has_its_true_length_and_loses_nothing(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "late.mkv", frames=5, pts=[1500, 1540, 1580, 1620, 1660])
    with_start = read_source(made.path)[0]
    assert with_start.first_pts * with_start.time_base == Fraction(3, 2)
    assert with_start.frames == 5
    from streammat.media.reader import open_reader

    with open_reader(made.path, notify=lambda line: None) as reader:
        assert len(list(reader)) == 5
        assert reader.lost_frames == 0


def test_a_phone_clip_is_read_at_the_first_try(tmp_path: Path) -> None:
    phone = phone_clip(tmp_path)
    info, frames, said = read_source(phone)
    assert (info.width, info.height, info.rotation, info.variable_rate) == (64, 96, 270, True)
    assert [t.kind for t in info.tracks] == ["audio", "data"]
    assert [f.pts * f.time_base for f in frames] == [Fraction(s, 600) for s in PHONE_STAMPS]
    assert info.colour.transfer is Transfer.HLG
    assert said == []


def test_rgb_and_gray_sources_stay_what_they_are(tmp_path: Path) -> None:
    written = lossless_clip(tmp_path / "g.mkv", "gbrp10le")
    info, frames, _ = read_source(tmp_path / "g.mkv")
    assert (info.layout.family, info.layout.bits) == (Family.RGB, 10)
    assert all((a == b).all() for a, b in zip(frames[2].planes, written[2], strict=True))
    lossless_clip(tmp_path / "y.mkv", "gray10le")
    assert read_source(tmp_path / "y.mkv")[0].layout.family is Family.GRAY


@pytest.mark.parametrize(
    ("planar", "packed"),
    [
        ("yuv422p", "uyvy422"),
        ("yuv422p10le", "y210le"),
        ("yuv444p10le", "xv30le"),
        ("yuv444p12le", "xv36le"),
        ("yuva444p16le", "ayuv64le"),
        ("gbrp10le", "x2rgb10le"),
        ("gbrp16le", "rgb48le"),
        ("gbrap16le", "rgba64be"),
        ("yuv420p10le", "yuv420p10be"),
        ("gray16le", "gray16be"),
    ],
)
def test_packed_and_swapped_samples_are_unpacked_bit_by_bit(planar: str, packed: str) -> None:
    frame = noise_frame(planar, (32, 16), 0)
    unpacked = to_direct(frame.reformat(format=packed))
    assert unpacked.format.name == planar
    pairs = zip(views(unpacked, True)[0], views(frame, True)[0], strict=True)
    assert all((a == b).all() for a, b in pairs)
