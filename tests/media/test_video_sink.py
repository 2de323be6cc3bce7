"""Video files out: codecs, exact time stamps, tags, alpha, odd sizes, atomic names."""

from __future__ import annotations

import os
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from streammat.errors import ConfigError, OutputError
from streammat.media.reader import open_reader
from streammat.media.sink import open_sink
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat_kernels.layout import Family
from tests.clips import BT601, BT709, BT2020_PQ, make_clip, make_size_change_clip
from tests.tolerances import ALPHA_PRORES, ALPHA_VP9, CODED_LUMA_MEAN_LEVELS

from .writing import copy_clip, fill, names, packet_times, ramp, silent

SUFFIXES = [".mov", ".mp4", ".mkv", ".webm"]
MATROSKA_TICK = Fraction(1, 1000)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_variable_time_stamps_arrive_unchanged(tmp_path: Path, suffix: str) -> None:
    stamps = [0, 40, 100, 130, 300, 301, 700]
    made = make_clip(tmp_path / "in.mp4", pts=stamps)
    copy_clip(made.path, tmp_path / f"out{suffix}")
    assert packet_times(tmp_path / f"out{suffix}") == [Fraction(s, 1000) for s in stamps]


@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
def test_ntsc_rates_stay_exact(tmp_path: Path, suffix: str) -> None:
    made = make_clip(tmp_path / "in.mp4", rate=Fraction(30000, 1001), frames=30)
    copy_clip(made.path, tmp_path / f"out{suffix}")
    expected = [Fraction(i * 1001, 30000) for i in range(30)]
    assert packet_times(tmp_path / f"out{suffix}") == expected
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        video = container.streams.video[0]
        assert video.average_rate == Fraction(30000, 1001)
        assert video.duration is not None
        assert video.time_base is not None
        assert video.duration * Fraction(video.time_base) == Fraction(1001, 1000)


@pytest.mark.parametrize("tags", [BT709, BT601, BT2020_PQ])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_colour_tags_are_written(tmp_path: Path, suffix: str, tags: object) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2, tags=tags)  # type: ignore[arg-type]
    copy_clip(made.path, tmp_path / f"out{suffix}", OutputKind.COMPOSITE)
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        frame = next(container.decode(video=0))
        context = container.streams.video[0].codec_context
    for place in (frame, context):
        stated = (place.color_primaries, place.color_trc, place.colorspace, place.color_range)
        assert stated == (tags.primaries, tags.transfer, tags.matrix, 1)  # type: ignore[attr-defined]


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="ffprobe is not installed")
@pytest.mark.parametrize("suffix", [".mov", ".mp4"])
def test_another_program_reads_the_same_tags(tmp_path: Path, suffix: str) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    copy_clip(made.path, tmp_path / f"out{suffix}")
    entries = "stream=color_range,color_space,color_transfer,color_primaries"
    command = ["ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0"]
    said = subprocess.run(
        [*command, str(tmp_path / f"out{suffix}")], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "tv,bt709,bt709,bt709"


@pytest.mark.parametrize(("suffix", "tolerance"), [(".mov", ALPHA_PRORES), (".webm", ALPHA_VP9)])
def test_alpha_comes_back(tmp_path: Path, suffix: str, tolerance: float) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=3, size=(128, 64))
    copy_clip(made.path, tmp_path / f"out{suffix}")
    with open_reader(tmp_path / f"out{suffix}", keep_alpha=True) as reader:
        assert reader.info.layout.alpha
        for frame in reader:
            top = (1 << frame.layout.bits) - 1
            expected = np.broadcast_to(ramp(128, 16) / 65535, (64, 128))
            assert np.abs(frame.planes[3] / top - expected).max() <= tolerance


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_picture_comes_back(tmp_path: Path, suffix: str) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=3)
    sink = copy_clip(made.path, tmp_path / f"out{suffix}", OutputKind.COMPOSITE)
    with open_reader(made.path) as source, open_reader(tmp_path / f"out{suffix}") as copy:
        for before, after in zip(source, copy, strict=True):
            if sink.layout.bits == before.layout.bits:
                error = np.abs(before.planes[0].astype(int) - after.planes[0]).mean()
                assert error < CODED_LUMA_MEAN_LEVELS
            else:
                assert np.abs(after.planes[0].astype(int) - 512).max() <= 2


@pytest.mark.parametrize("size", [(2, 2), (3, 3), (5, 7), (33, 17)])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_odd_sizes_can_be_written(tmp_path: Path, suffix: str, size: tuple[int, int]) -> None:
    made = make_clip(tmp_path / "in.webm", codec="libvpx-vp9", size=size, frames=2)
    lines: list[str] = []
    copy_clip(made.path, tmp_path / f"out{suffix}", notify=lines.append)
    width, height = size
    padded = suffix in {".mp4", ".mkv"} and (width % 2 == 1 or height % 2 == 1)
    if padded:
        width, height = width + width % 2, height + height % 2
    assert [line for line in lines if "padded" in line] == lines
    assert len(lines) == int(padded)
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        frames = list(container.decode(video=0))
    assert [(f.width, f.height) for f in frames] == [(width, height)] * 2


def test_padding_repeats_the_last_row_and_column(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.webm", codec="libvpx-vp9", size=(5, 7), frames=1)
    with open_reader(made.path) as reader:
        (frame,) = reader
        sink = open_sink(
            OutputRequest(str(tmp_path / "o.mp4")), OutputKind.COMPOSITE, reader.info,
            MatteSettings(), notify=silent,
        )  # fmt: skip
        picture = sink.new_picture()
        fill(sink, picture, frame)
        sink.write(picture, frame)
        luma = np.frombuffer(picture.carrier.planes[0], np.uint8).reshape(8, -1)
        assert (luma[7, :6] == luma[6, :6]).all()
        assert (luma[:, 5] == luma[:, 4]).all()
        sink.close()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_alpha_file_is_gray_over_the_full_range(tmp_path: Path, suffix: str) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=1)
    with open_reader(made.path) as reader:
        (frame,) = reader
        sink = open_sink(
            OutputRequest(str(tmp_path / f"a{suffix}")), OutputKind.ALPHA, reader.info,
            MatteSettings(), notify=silent,
        )  # fmt: skip
        assert sink.layout.family is Family.GRAY
        assert not sink.colour.full_range
        picture = sink.new_picture()
        scale = 1 << (sink.layout.bits - 8)
        picture.planes[0][:, :48], picture.planes[0][:, 48:] = 16 * scale, 235 * scale
        sink.write(picture, frame)
        sink.close()
    with av.open(str(tmp_path / f"a{suffix}")) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert shown[:, :40].max() <= 2
    assert shown[:, 56:].min() >= 253


def test_an_hdr_source_becomes_hevc_main10_with_its_tags(tmp_path: Path) -> None:
    made = make_clip(
        tmp_path / "in.mp4", codec="libx265", pix_fmt="yuv420p10le", tags=BT2020_PQ, frames=3
    )
    copy_clip(made.path, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec.name, context.pix_fmt) == ("hevc", "yuv420p10le")
        assert context.codec_tag == "hvc1"
        assert (context.color_primaries, context.color_trc, context.colorspace) == (9, 16, 9)


def test_one_frame_of_hevc_can_always_be_muxed(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", codec="libx265", pix_fmt="yuv420p10le", frames=1)
    for _ in range(12):  # the encoder's stamps are random memory in about one of eight
        copy_clip(made.path, tmp_path / "out.mp4", overwrite=True)
        assert packet_times(tmp_path / "out.mp4") == [0]


def test_sample_aspect_is_written(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", sample_aspect=Fraction(4, 3), frames=2)
    for suffix in (".mov", ".mp4", ".mkv"):
        copy_clip(made.path, tmp_path / f"out{suffix}")
        with av.open(str(tmp_path / f"out{suffix}")) as container:
            assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_mp4_starts_with_its_index(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=3)
    copy_clip(made.path, tmp_path / "out.mp4")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_metadata_line_is_written(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    for suffix in SUFFIXES:
        target = tmp_path / f"out{suffix}"
        copy_clip(made.path, target, metadata={"comment": "streammat 1.2.3"})
        with av.open(str(target)) as container:
            values = {k.lower(): v for k, v in container.metadata.items()}
            assert values["comment"] == "streammat 1.2.3"


_PHONE = {
    "com.apple.quicktime.make": "Maker",
    "com.apple.quicktime.model": "Phone 3",
    "com.apple.quicktime.creationdate": "2024-01-02T04:04:05+0100",
    "com.apple.quicktime.software": "17.1",
    "com.apple.quicktime.location.ISO6709": "+48.1+011.5/",
    "comment": "take 3",
    "creation_time": "2024-01-02T03:04:05Z",
    "handler": "none",
}


def test_tags_that_stay_true_go_along(tmp_path: Path) -> None:
    _tagged_clip(tmp_path / "in.mov")
    for suffix in SUFFIXES:
        target, said = tmp_path / f"out{suffix}", list[str]()
        copy_clip(
            tmp_path / "in.mov", target, notify=said.append, metadata={"comment": "streammat"}
        )
        found = _tags(target)
        assert found["comment"] == "take 3; streammat"
        assert found["creation_time"].startswith("2024-01-02T03:04:05")
        assert found["date"] == "2024-01-02T04:04:05+0100"
        camera = (found.get("make"), found.get("model"))
        told = any("left out of the source: the camera's make and model" in s for s in said)
        assert (camera, told) == (
            ((None, None), True) if suffix == ".mp4" else (("Maker", "Phone 3"), False)
        )
        assert not {"software", "location", "handler"} & found.keys()
        assert not any("17.1" in value or "+48" in value for value in found.values())


def test_tags_of_matroska_are_known_in_capitals(tmp_path: Path) -> None:
    _tagged_clip(tmp_path / "in.mov")
    copy_clip(tmp_path / "in.mov", tmp_path / "a.mkv")
    copy_clip(tmp_path / "a.mkv", tmp_path / "b.mov")
    assert _tags(tmp_path / "b.mov")["model"] == "Phone 3"


def _tagged_clip(path: Path) -> None:
    made = make_clip(path.with_name("plain.mov"), frames=2)
    options = {"movflags": "use_metadata_tags"}  # as phones write them
    with av.open(str(made.path)) as source, av.open(str(path), "w", container_options=options) as o:
        stream = o.add_stream_from_template(source.streams.video[0])
        o.metadata.update(_PHONE)
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                o.mux(packet)


def _tags(path: Path) -> dict[str, str]:
    with av.open(str(path)) as container:
        return {name.lower(): value for name, value in container.metadata.items()}


def test_a_size_change_in_the_source_gives_one_steady_output(tmp_path: Path) -> None:
    source = make_size_change_clip(tmp_path / "in.ts")
    copy_clip(source, tmp_path / "out.mp4")
    assert len(packet_times(tmp_path / "out.mp4")) == 12


def test_a_part_starts_at_zero(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=25)
    copy_clip(made.path, tmp_path / "out.mp4", start="0.4", end="0.6")
    assert packet_times(tmp_path / "out.mp4") == [Fraction(i, 25) for i in range(5)]


def test_nothing_stands_under_the_final_name_before_close(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    target = tmp_path / "out.mp4"
    with open_reader(made.path) as reader:
        sink = open_sink(
            OutputRequest(str(target)), OutputKind.COMPOSITE, reader.info, MatteSettings()
        )
        for frame in reader:
            picture = sink.new_picture()
            fill(sink, picture, frame)
            sink.write(picture, frame)
            assert not target.exists()
        sink.close()
    assert target.exists()
    assert names(tmp_path) == ["in.mp4", "out.mp4"]


@pytest.mark.parametrize("partial", [True, False])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_abort_keeps_a_playable_part_or_nothing(tmp_path: Path, suffix: str, partial: bool) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=10, audio=True)
    target = tmp_path / f"out{suffix}"
    with open_reader(made.path) as reader:
        sink = open_sink(
            OutputRequest(str(target)), OutputKind.COMPOSITE, reader.info, MatteSettings(),
            notify=silent,
        )  # fmt: skip
        for frame in reader:
            if frame.index == 4:
                break
            picture = sink.new_picture()
            fill(sink, picture, frame)
            sink.write(picture, frame)
        kept = sink.abort(partial=partial)
    if not partial:
        assert kept is None
        assert names(tmp_path) == ["in.mp4"]
        return
    assert kept == str(tmp_path / f"out.partial{suffix}")
    assert len(packet_times(Path(kept))) == 4
    assert names(tmp_path) == ["in.mp4", f"out.partial{suffix}"]


def test_closing_without_a_frame_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    with open_reader(made.path) as reader:
        sink = open_sink(
            OutputRequest(str(tmp_path / "o.mov")), OutputKind.RGBA, reader.info, MatteSettings()
        )
        with pytest.raises(OutputError, match="no frame arrived"):
            sink.close()
    assert names(tmp_path) == ["in.mp4"]


def test_existing_output_needs_overwrite(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    (tmp_path / "out.mp4").write_bytes(b"precious")
    with pytest.raises(OutputError, match="add --overwrite"):
        copy_clip(made.path, tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == b"precious"
    copy_clip(made.path, tmp_path / "out.mp4", overwrite=True)
    assert len(packet_times(tmp_path / "out.mp4")) == 2


@pytest.mark.parametrize("link", ["same", "hard", "symbolic"])
def test_the_input_is_never_the_output(tmp_path: Path, link: str) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    target = tmp_path / "out.mp4"
    if link == "same":
        target = made.path
    elif link == "hard":
        target.hardlink_to(made.path)
    else:
        target.symlink_to(made.path)
    before = made.path.read_bytes()
    with pytest.raises(OutputError, match="is the input itself"):
        copy_clip(made.path, target, overwrite=True)
    assert made.path.read_bytes() == before


def test_missing_folder_is_refused(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    with pytest.raises(OutputError, match="there is no folder"):
        copy_clip(made.path, tmp_path / "none" / "out.mp4")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_unwritable_folder_is_refused(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o555)
    with pytest.raises(OutputError, match="not writable"):
        copy_clip(made.path, locked / "out.mp4")


def test_a_bad_encoder_setting_is_one_line(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    with pytest.raises(ConfigError, match=r"--encoder-preset nonsense: [^\n]*$"):
        copy_clip(made.path, tmp_path / "out.mp4", encoder_preset="nonsense")
    assert names(tmp_path) == ["in.mp4"]


def test_a_movie_says_that_its_pictures_are_whole(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2)
    copy_clip(made.path, tmp_path / "out.mov")
    one_field_a_picture = b"fiel\x01\x00"  # QuickTime's atom for the order of fields
    assert one_field_a_picture in (tmp_path / "out.mov").read_bytes()


def test_cineform_pads_the_width_only_and_says_so(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2, size=(70, 50))
    lines: list[str] = []
    copy_clip(made.path, tmp_path / "out.mov", codec="cineform", notify=lines.append)
    with av.open(str(tmp_path / "out.mov")) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (80, 50)
    assert any("needs a width in steps of 16; 70x50 padded to 80x50" in line for line in lines)


def test_a_picture_too_small_for_the_codec_is_refused(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "in.mp4", frames=2, size=(32, 24))
    with pytest.raises(OutputError, match="below 32 pixels and these are 32x24; use another"):
        copy_clip(made.path, tmp_path / "out.mov", codec="cineform")
