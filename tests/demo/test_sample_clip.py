"""The clip that ships: small, with sound, and its sources and licences stated."""

from __future__ import annotations

import json

import av
import pytest

from streammat.demo import sample_clip
from streammat.errors import MediaError

MAX_BYTES = 1_000_000


def test_the_clip_is_small_and_has_picture_and_sound() -> None:
    path = sample_clip()
    assert path.stat().st_size < MAX_BYTES
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) == ("h264", "aac")
        assert video.width <= 960
        assert video.height <= 540
        assert video.average_rate == 25
        assert sum(1 for _ in container.decode(video)) == 125
        assert (video.codec_context.colorspace, video.codec_context.color_range) == (1, 1)


def test_every_source_names_its_origin_and_licence() -> None:
    note = json.loads(sample_clip().with_suffix(".json").read_text())
    assert note["file"] == sample_clip().name
    assert note["licence"]
    for source in note["sources"]:
        assert source["licence"]
        assert source["taken_from"]


def test_an_installation_without_the_clip_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streammat.demo.__file__", "/nowhere/__init__.py")
    with pytest.raises(MediaError, match="install streammat again or name a clip"):
        sample_clip()
