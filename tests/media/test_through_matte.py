"""Every property of a source goes through a whole job and is read back from what was written."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streammat.media.timecode import timecode_text
from streammat.types import ColourTags, StreamInfo
from streammat_kernels.layout import Transfer
from tests.clips import BT2020_PQ, make_clip

from .round_trip import (
    opaque_alpha,
    probe_by_ffprobe,
    ramp_alpha,
    read_images,
    read_video,
    run_matte,
    tags_by_pyav,
    use_matter,
)
from .sources import lossless_clip, phone_clip, read_source, with_subtitles
from .writing import packet_times

HLG = ColourTags(primaries=9, transfer=18, matrix=9, full_range=False)
MILLISECOND = Fraction(1, 1000)
NTSC = Fraction(30000, 1001)
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
CHAPTERS: list[dict[str, Any]] = [
    {"id": 1, "start": 0, "end": 40, "time_base": MILLISECOND, "metadata": {"title": "One"}},
    {"id": 2, "start": 40, "end": 400, "time_base": MILLISECOND, "metadata": {"title": "Two"}},
]


@pytest.fixture(autouse=True)
def known_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    use_matter(monkeypatch, opaque_alpha)


def facts(path: Path) -> StreamInfo:
    return read_source(path)[0]


@pytest.mark.parametrize("bits", ["", "10le", "12le"])
@pytest.mark.parametrize("chroma", ["420", "422", "444"])
def test_an_identity_matte_leaves_the_source_bit_exact(
    tmp_path: Path, bits: str, chroma: str
) -> None:
    written = lossless_clip(tmp_path / "a.mkv", f"yuv{chroma}p{bits}")
    targets = [tmp_path / "rgba.mkv", tmp_path / "fill.mkv", tmp_path / "over.mkv"]
    asked = [f"{k}={t}" for k, t in zip(["rgba", "foreground", "composite"], targets, strict=True)]
    run_matte(tmp_path / "a.mkv", *asked, codec="ffv1", foreground="source", background="#00FF00")
    for target in targets:
        found, _, form = read_video(target)
        shift = 4 if (form, bits) == ("yuva420p16le", "12le") else 0  # 4:2:0 has no alpha of 12
        for planes, source in zip(found, written, strict=True):
            assert all((a == b << shift).all() for a, b in zip(planes[:3], source, strict=True))


@pytest.mark.parametrize(("source", "suffix"), [("bgr0", "png"), ("gbrp16le", "tif")])
def test_an_identity_matte_of_an_rgb_source_is_bit_exact_in_images(
    tmp_path: Path, source: str, suffix: str
) -> None:
    made = make_clip(tmp_path / "a.mkv", codec="ffv1", pix_fmt=source, tags=None, frames=2)
    run_matte(made.path, f"{tmp_path}/o.%03d.{suffix}", foreground="source")
    found = read_images(sorted(tmp_path.glob(f"o.*.{suffix}")))
    for planes, rgb in zip(found, made.rgb, strict=True):
        scale = 257 if source == "gbrp16le" else 1
        for channel in range(3):
            if scale == 1:
                np.testing.assert_array_equal(planes[channel], rgb[..., channel])
        assert (planes[3] == np.iinfo(planes[3].dtype).max).all()


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_turned_source_is_written_upright(tmp_path: Path, rotation: int) -> None:
    made = make_clip(tmp_path / "r.mp4", frames=2, size=(96, 64), rotation=rotation)
    run_matte(made.path, f"{tmp_path}/o.mov", f"composite={tmp_path}/o.mp4")
    for name in ("o.mov", "o.mp4"):
        info = facts(tmp_path / name)
        assert (info.width, info.height, info.rotation) == (96, 64, 0)


def test_sample_aspect_arrives(tmp_path: Path) -> None:
    made = make_clip(tmp_path / "a.mp4", frames=2, sample_aspect=Fraction(4, 3))
    outputs = ["o.mov", "o.mkv", "o.mp4"]
    run_matte(made.path, *(f"composite={tmp_path}/{name}" for name in outputs))
    assert [facts(tmp_path / name).sample_aspect for name in outputs] == [Fraction(4, 3)] * 3


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("code", [1, 6, 9])
def test_matrix_and_range_arrive_and_two_readers_agree(
    tmp_path: Path, code: int, full: bool
) -> None:
    tags = ColourTags(code, code if code != 9 else 14, code, full)
    lossless_clip(tmp_path / "a.mkv", tags=tags, size=(64, 48))
    run_matte(tmp_path / "a.mkv", f"composite={tmp_path}/o.mp4", f"{tmp_path}/o.mov")
    stated = (tags.primaries, tags.transfer, tags.matrix)
    assert tags_by_pyav(tmp_path / "o.mp4") == (*stated, 2 if full else 1)
    assert tags_by_pyav(tmp_path / "o.mov") == (*stated, 1)  # ProRes has no full range
    if shutil.which("ffprobe"):
        told = probe_by_ffprobe(tmp_path / "o.mp4", "stream=color_space,color_range")
        names = {1: "bt709", 6: "smpte170m", 9: "bt2020nc"}
        assert told["streams"][0]["color_space"] == names[code]
        assert told["streams"][0]["color_range"] == ("pc" if full else "tv")


@pytest.mark.parametrize(("tags", "curve"), [(BT2020_PQ, Transfer.PQ), (HLG, Transfer.HLG)])
def test_hdr_arrives_and_its_metadata_in_hevc_and_av1(
    tmp_path: Path, tags: ColourTags, curve: Transfer
) -> None:
    params = f"log-level=error:pools=1:frame-threads=1:master-display={DISPLAY}:max-cll=1000,400"
    made = make_clip(
        tmp_path / "h.mp4", frames=2, codec="libx265", pix_fmt="yuv420p10le", tags=tags,
        options={"x265-params": params},
    )  # fmt: skip
    outputs = [f"composite={tmp_path}/o.mp4", f"{tmp_path}/o.mov", f"composite={tmp_path}/o.webm"]
    lines: list[str] = []
    run_matte(made.path, *outputs, lines=lines)
    assert [line for line in lines if "mastering" in line] == [
        f"{tmp_path}/o.mov: left out of the source: HDR mastering metadata (HEVC and AV1 hold it)"
    ]
    for name in ("o.mp4", "o.mov", "o.webm"):
        info = facts(tmp_path / name)
        assert (info.colour.transfer, info.tags.primaries, info.tags.matrix) == (curve, 9, 9)
        assert info.layout.bits >= 10
    source = facts(made.path).hdr
    assert source is not None
    assert facts(tmp_path / "o.mp4").hdr == source
    av1 = facts(tmp_path / "o.webm").hdr
    assert av1 is not None
    assert (av1.max_cll, av1.max_fall) == (1000, 400)


@pytest.mark.parametrize("text", ["01:00:59;20", "10:00:00:05"])
def test_time_code_arrives_and_moves_with_the_cut(tmp_path: Path, text: str) -> None:
    lossless_clip(tmp_path / "t.mkv", frames=20, rate=NTSC, stream_metadata={"timecode": text})
    names = ["o.mov", "o.mp4", "o.mkv"]
    for folder, frames in (("all", None), ("cut", "19-")):
        (tmp_path / folder).mkdir()
        outputs = [f"composite={tmp_path}/{folder}/{name}" for name in names]
        run_matte(tmp_path / "t.mkv", *outputs, f"{tmp_path}/{folder}/o.exr", frames=frames)
        drop = ";" in text
        later = "01:01:00;11" if drop else "10:00:00:24"
        wanted = text if frames is None else later
        for name in names:
            code = facts(tmp_path / folder / name).timecode
            assert code is not None, name
            assert (timecode_text(code), code.drop) == (wanted, drop)
        assert _exr_timecode(sorted((tmp_path / folder).glob("*.exr"))[-1]) == (later, NTSC)


def _exr_timecode(path: Path) -> tuple[str, Fraction]:
    """Time code and frame rate as the header of every part has them."""
    import OpenEXR

    with OpenEXR.File(str(path)) as file:
        headers = [dict(part.header) for part in file.parts]
    codes = [h["timeCode"] for h in headers]
    (hours, minutes, seconds, frame, drop), *others = [
        (c.hours, c.minutes, c.seconds, c.frame, c.dropFrame) for c in codes
    ]
    assert all(other == (hours, minutes, seconds, frame, drop) for other in others)
    rate = headers[0]["framesPerSecond"]
    text = f"{hours:02}:{minutes:02}:{seconds:02}{';' if drop else ':'}{frame:02}"
    return text, Fraction(rate.numerator, rate.denominator)


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv", ".webm"])
def test_variable_times_arrive(tmp_path: Path, suffix: str) -> None:
    stamps = [0, 40, 100, 130, 300]
    made = make_clip(tmp_path / "v.mov", pts=stamps)
    run_matte(made.path, f"composite={tmp_path}/o{suffix}")
    assert read_video(tmp_path / f"o{suffix}")[1] == [Fraction(s, 1000) for s in stamps]


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv", ".webm"])
def test_two_sound_tracks_and_subtitles_and_chapters_arrive(tmp_path: Path, suffix: str) -> None:
    lossless_clip(tmp_path / "a.mkv", frames=10, tones=["eng", "deu"], chapters=CHAPTERS)
    source = with_subtitles(tmp_path / "a.mkv", tmp_path / "b.mkv", "hello")
    source = _with_chapters(source, tmp_path / "c.mkv")
    run_matte(source, f"composite={tmp_path}/o{suffix}")
    info = facts(tmp_path / f"o{suffix}")
    german = "ger" if suffix == ".mov" else "deu"  # QuickTime knows it by the older code
    assert [t.language for t in info.tracks if t.kind == "audio"] == ["eng", german]
    (words,) = [t for t in info.tracks if t.kind == "subtitle"]
    assert words.language == "eng"
    assert [c.title for c in info.chapters] == ["One", "Two"]
    assert info.chapters[1].start_seconds == Fraction(40, 1000)
    assert _texts(tmp_path / f"o{suffix}") == [("hello", Fraction(20, 1000), Fraction(60, 1000))]


@pytest.mark.parametrize("part", [{"end": "0.06"}, {"limit": 1}], ids=["end", "limit"])
@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".webm"])
def test_a_text_ends_with_the_part(tmp_path: Path, suffix: str, part: dict[str, Any]) -> None:
    lossless_clip(tmp_path / "a.mkv", frames=10)
    source = with_subtitles(tmp_path / "a.mkv", tmp_path / "b.mkv", "hello")  # 20 to 80 ms
    run_matte(source, f"composite={tmp_path}/o{suffix}", **part)
    length = Fraction(40 if "end" in part else 20, 1000)
    assert _texts(tmp_path / f"o{suffix}") == [("hello", Fraction(20, 1000), length)]


@pytest.mark.parametrize("suffix", [".mov", ".mp4", ".mkv"])
def test_a_transport_streams_clock_is_not_kept(tmp_path: Path, suffix: str) -> None:
    """It may begin an hour late; sound and picture keep their distance."""
    source = _late_stream(tmp_path / "a.ts", seconds=3600)
    run_matte(source, f"composite={tmp_path}/o{suffix}")
    before, after = _begins(source), _begins(tmp_path / f"o{suffix}")
    assert before["video"] == 3600
    assert min(after.values()) < Fraction(1, 1000)
    distance = float(before["audio"] - before["video"])
    assert after["audio"] - after["video"] == pytest.approx(distance, abs=0.001)
    times = packet_times(tmp_path / f"o{suffix}")
    assert len(times) == 10
    assert [round(float(t - times[0]), 3) for t in times] == [i * 0.04 for i in range(10)]


def _begins(path: Path) -> dict[str, Fraction]:
    """Where the first picture and the first sound lie, in seconds."""
    with av.open(str(path)) as container:
        return {s.type: (s.start_time or 0) * Fraction(s.time_base or 0) for s in container.streams}


def _late_stream(path: Path, seconds: int) -> Path:
    """Ten frames and as much sound; the clock of the stream says ``seconds`` at the first frame."""
    with av.open(str(path), "w", format="mpegts") as container:
        video = container.add_stream("mpeg2video", rate=25)
        sound = container.add_stream("mp2", rate=48000)
        assert isinstance(video, av.VideoStream)
        assert isinstance(sound, av.AudioStream)
        video.width, video.height, video.pix_fmt = 48, 32, "yuv420p"
        for number in range(10):
            frame = av.VideoFrame.from_ndarray(np.full((32, 48, 3), number * 20, np.uint8), "rgb24")
            frame.pts, frame.time_base = seconds * 25 + number, Fraction(1, 25)
            container.mux(video.encode(frame))
            part = av.AudioFrame.from_ndarray(np.zeros((1, 3840), np.int16), "s16", "stereo")
            part.sample_rate, part.time_base = 48000, Fraction(1, 48000)
            part.pts = seconds * 48000 + number * 1920
            container.mux(sound.encode(part))
        container.mux([*video.encode(None), *sound.encode(None)])
    return path


@pytest.mark.parametrize("suffix", [".mov", ".mkv", ".webm"])
def test_subtitles_and_chapters_move_with_the_cut(tmp_path: Path, suffix: str) -> None:
    lossless_clip(tmp_path / "a.mkv", frames=10, tones=["eng"], chapters=CHAPTERS)
    source = with_subtitles(tmp_path / "a.mkv", tmp_path / "b.mkv", "hello")  # 20 to 80 ms
    source = _with_chapters(source, tmp_path / "c.mkv")
    run_matte(source, f"composite={tmp_path}/o{suffix}", start="0.04", end="0.2")
    info = facts(tmp_path / f"o{suffix}")
    spans = [(c.title, c.start_seconds, c.end_seconds) for c in info.chapters]
    assert spans == [("Two", Fraction(0), Fraction(160, 1000))]
    assert _texts(tmp_path / f"o{suffix}") == [("hello", Fraction(0), Fraction(40, 1000))]


def _with_chapters(source: Path, target: Path) -> Path:
    """The copy that added subtitles has none."""
    with av.open(str(source)) as clip, av.open(str(target), "w") as out:
        copies = {s.index: out.add_stream_from_template(s) for s in clip.streams}
        for stream in clip.streams:
            copies[stream.index].metadata.update(stream.metadata)
        out.set_chapters(CHAPTERS)  # type: ignore[arg-type]
        for packet in [p for p in clip.demux() if p.size]:
            packet.stream = copies[packet.stream_index]
            out.mux(packet)
    return target


def _texts(path: Path) -> list[tuple[str, Fraction, Fraction]]:
    """Text, begin and length of every subtitle."""
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        found = []
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                unit = Fraction(stream.time_base or 0)
                texts = [getattr(part, "dialogue", b"").decode() for part in packet.decode()]
                found += [(t, packet.pts * unit, (packet.duration or 0) * unit) for t in texts]
        return [entry for entry in found if entry[0]]


def test_a_phone_clip_goes_everywhere_at_the_first_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_matter(monkeypatch, ramp_alpha)
    phone = phone_clip(tmp_path)
    lines: list[str] = []
    run_matte(
        phone, f"{tmp_path}/o.mov", f"{tmp_path}/o.mp4", f"{tmp_path}/o.exr",
        f"composite={tmp_path}/o.webm", lines=lines,
    )  # fmt: skip
    run_matte(phone, f"{tmp_path}/alpha.webm", to_sdr=True)
    times = packet_times(phone)
    for name in ("o.mov", "o.mp4"):
        info = facts(tmp_path / name)
        assert (info.width, info.height, info.rotation) == (64, 96, 0)
        assert info.colour.transfer is Transfer.HLG
        assert packet_times(tmp_path / name) == times
        assert info.audio_tracks == 1
    for name in ("o.webm", "alpha.webm"):
        close = [abs(a - b) for a, b in zip(packet_times(tmp_path / name), times, strict=True)]
        assert max(close) <= MILLISECOND / 2
    assert facts(tmp_path / "o.webm").colour.transfer is Transfer.HLG
    assert facts(tmp_path / "alpha.webm").colour.transfer is not Transfer.HLG
    assert len(list(tmp_path.glob("o.1*.exr"))) == 7
    assert sum("data track" in line for line in lines) == 4  # once for every output


def test_the_reel_stays_beside_the_time_code(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mov"), "w") as container:
        stream = container.add_stream("prores_ks", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv422p10le"
        stream.metadata.update({"timecode": "10:00:00:00", "reel_name": "A001C002"})
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    run_matte(tmp_path / "in.mov", f"{tmp_path}/o.mov")
    with av.open(str(tmp_path / "o.mov")) as container:
        (track,) = container.streams.data
        assert (track.metadata["timecode"], track.metadata["reel_name"]) == (
            "10:00:00:00",
            "A001C002",
        )


def test_a_damaged_frame_under_strict_leaves_what_was_finished(tmp_path: Path) -> None:
    from streammat.errors import MediaError

    made = make_clip(tmp_path / "in.mp4", frames=30, options={"g": "5", "crf": "5"})
    data = bytearray(made.path.read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 3000] = b"\xff" * 3000
    made.path.write_bytes(data)
    lines: list[str] = []
    with pytest.raises(MediaError):
        run_matte(made.path, f"{tmp_path}/o.mov", strict=True, lines=lines)
    assert not (tmp_path / "o.mov").exists()
    assert 0 < len(read_video(tmp_path / "o.partial.mov")[0]) < 30
    assert any("what was finished is" in line for line in lines)


def test_hdr_in_eight_bits_is_refused_with_the_way_out(tmp_path: Path) -> None:
    from streammat.errors import OutputError

    lossless_clip(tmp_path / "h.mkv", "yuv420p10le", tags=HLG)
    with pytest.raises(OutputError, match="add --to-sdr") as caught:
        run_matte(tmp_path / "h.mkv", f"{tmp_path}/o.webm")
    assert "\n" not in str(caught.value)
    with pytest.raises(OutputError, match="add --to-sdr"):
        run_matte(tmp_path / "h.mkv", f"{tmp_path}/o.mov", codec="qtrle")
    assert not list(tmp_path.glob("o*"))
