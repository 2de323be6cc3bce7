"""Video through a pipe: Y4M, raw samples, and what is refused."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from streammat.errors import ConfigError, MediaError
from streammat.media.beside import say_left_out
from streammat.media.notices import Notices
from streammat.types import Track
from streammat_kernels.layout import Family

from .sources import lossless_clip, read_source
from .test_formats import INFO


class Pipe(io.BytesIO):
    """Bytes that cannot be sought, as of a pipe."""

    def seekable(self) -> bool:
        return False

    def seek(self, *_: object) -> int:
        raise io.UnsupportedOperation("a pipe")


def pipe_in(monkeypatch: pytest.MonkeyPatch, data: bytes, terminal: bool = False) -> None:
    stdin = SimpleNamespace(buffer=Pipe(data), isatty=lambda: terminal)
    monkeypatch.setattr(sys, "stdin", stdin)


def y4m(path: Path, source: Path) -> bytes:
    with av.open(str(source)) as clip, av.open(str(path), "w", format="yuv4mpegpipe") as out:
        stream = out.add_stream("wrapped_avframe", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        for frame in clip.decode(video=0):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path.read_bytes()


def test_y4m_comes_through_a_pipe_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = lossless_clip(tmp_path / "a.mkv")
    pipe_in(monkeypatch, y4m(tmp_path / "a.y4m", tmp_path / "a.mkv"))
    info, frames, _ = read_source("-")
    assert (info.path, info.width, info.height, info.rate) == ("-", 48, 32, Fraction(25))
    assert [f.pts * f.time_base * 25 for f in frames] == [0, 1, 2]
    for frame, planes in zip(frames, written, strict=True):
        assert all((a == b).all() for a, b in zip(frame.planes, planes, strict=True))


@pytest.mark.parametrize("piped", [True, False])
def test_raw_samples_come_bit_by_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piped: bool
) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (2, 8, 12, 4), dtype=np.uint8)
    (tmp_path / "v.raw").write_bytes(codes.tobytes())
    pipe_in(monkeypatch, codes.tobytes())
    source = "-" if piped else tmp_path / "v.raw"
    info, frames, _ = read_source(source, raw_input="12x8:rgba", fps="50")
    assert (info.layout.family, info.rate) == (Family.RGB, Fraction(50))
    assert len(frames) == 2
    for frame, wanted in zip(frames, codes, strict=True):
        assert all((frame.planes[c] == wanted[..., c]).all() for c in range(3))


def test_a_terminal_is_no_video(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe_in(monkeypatch, b"", terminal=True)
    with pytest.raises(MediaError, match="nothing is piped in"):
        read_source("-")


def test_noise_in_a_pipe_is_refused_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe_in(monkeypatch, bytes(range(256)) * 8)
    with pytest.raises(MediaError, match="--raw-input WIDTHxHEIGHT:FORMAT"):
        read_source("-")


def test_an_unknown_pixel_format_is_named(tmp_path: Path) -> None:
    (tmp_path / "v.raw").write_bytes(b"0" * 100)
    with pytest.raises(ConfigError, match="no pixel format 'rgb99'"):
        read_source(tmp_path / "v.raw", raw_input="4x4:rgb99")


def test_sound_that_a_pipe_cannot_give_is_named() -> None:
    def said(path: str) -> list[str]:
        lines: list[str] = []
        track = Track(index=1, kind="audio", codec="aac")
        info = replace(INFO, path=path, tracks=(track,))
        say_left_out("o.mov", info, Notices(lines.append), pictures_only=False)
        return lines

    assert said("in.mkv") == []
    (line,) = said("-")
    assert "o.mov: left out of the source: audio track 1 (aac)" in line
    assert "give the file" in line


def test_a_movie_with_its_index_behind_the_pictures_cannot_come_through_a_pipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    with av.open(str(tmp_path / "a.mov"), "w") as container:
        stream = container.add_stream("rawvideo", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 480, 320, "rgb24"
        for _ in range(6):
            noise = rng.integers(0, 256, (320, 480, 3)).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, "rgb24")))
    for part in ({}, {"limit": 3}):
        pipe_in(monkeypatch, (tmp_path / "a.mov").read_bytes())
        with pytest.raises(MediaError, match=r"^-: .* index behind .*faststart"):
            read_source("-", **part)
