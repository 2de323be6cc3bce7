"""What of an EXR's header goes along, frame by frame, and what stays behind."""

from __future__ import annotations

import pickle
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streammat.errors import MediaError
from streammat.media.beside import say_left_out
from streammat.media.image_file import load_image
from streammat.media.notices import Notices

from .round_trip import ramp_alpha, run_matte, use_matter
from .sources import lossless_clip, read_source

OpenEXR = pytest.importorskip("OpenEXR")

SIZE = (32, 48)
STAYS = {
    "owner": "Studio",
    "capDate": "2024:01:02 03:04:05",
    "utcOffset": 3600.0,
    "reelName": "A001C002",
    "cameraMake": "Maker",
    "cameraFirmware": 7,
    "lensModel": "Prime",
    "lensStops": ["T2", "T4"],
    "worldToNDC": np.arange(16, dtype=np.float32).reshape(4, 4),
    "screenWindowCenter": np.array([0.25, 0.5], np.float32),
}
GOES = {"multiView": ["left", "right"], "dwaCompressionLevel": 45.0, "renderNode": "n1"}
RATIO = Fraction(24000, 1001)
NUMBERS = (3, 4)


def write_frame(path: Path, number: int) -> None:
    """One frame with what a camera says, of which three attributes change from frame to frame."""
    key = OpenEXR.KeyCode()
    key.filmMfcCode, key.count = 7, number
    moving = {
        "worldToCamera": np.eye(4, dtype=np.float32) * number,
        "keyCode": key,
        "cameraRatio": RATIO,
    }
    header = {"type": OpenEXR.tiledimage, "tiles": OpenEXR.TileDescription(), "comments": "take 3"}
    picture = np.full((*SIZE, 3), 0.5, np.float16)
    with OpenEXR.File(header | STAYS | GOES | moving, {"RGB": picture}) as file:
        file.write(str(path))


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_matter(monkeypatch, ramp_alpha)
    (tmp_path / "shot").mkdir()
    for number in NUMBERS:
        write_frame(tmp_path / "shot" / f"s.{number:04d}.exr", number)
    return tmp_path / "shot"


def headers(path: Path) -> list[dict[str, Any]]:
    with OpenEXR.File(str(path), True) as file:
        return [dict(part.header) for part in file.parts]


def test_what_stays_true_is_in_every_part_of_every_output(tmp_path: Path, shot: Path) -> None:
    names = ("rgba", "alpha", "composite")
    run_matte(shot, *(f"{name}={tmp_path}/{name}.%04d.exr" for name in names), fps="24")
    for name in names:
        for number in NUMBERS:
            for found in headers(tmp_path / f"{name}.{number:04d}.exr"):
                for key, value in STAYS.items():
                    np.testing.assert_array_equal(found[key], value, err_msg=key)
                assert found["worldToCamera"][0, 0] == number
                assert (found["keyCode"].filmMfcCode, found["keyCode"].count) == (7, number)
                assert (found["cameraRatio"], found["framesPerSecond"]) == (RATIO, 24)
                assert found["comments"].startswith("take 3; streammat ")


def test_what_is_of_the_old_file_or_unknown_stays_behind(tmp_path: Path, shot: Path) -> None:
    run_matte(shot, f"alpha={tmp_path}/m.%04d.exr", fps="24")
    (found,) = headers(tmp_path / "m.0003.exr")
    assert not {*GOES, "tiles"} & found.keys()
    assert found["type"] == OpenEXR.scanlineimage


def test_attributes_can_be_pickled_with_their_frame(shot: Path) -> None:
    frame = read_source(shot, fps="24")[1][0]
    other = pickle.loads(pickle.dumps(frame))
    assert other.attributes.keys() == frame.attributes.keys() > STAYS.keys()
    assert other.attributes["cameraRatio"] == RATIO


def test_a_file_that_has_no_place_for_them_says_so(tmp_path: Path, shot: Path) -> None:
    said: list[str] = []
    info = read_source(shot, fps="24")[0]
    say_left_out("m.mov", info, Notices(said.append), pictures_only=False)
    say_left_out("m.%04d.exr", info, Notices(said.append), pictures_only=True, header=True)
    assert said == [
        "m.mov: left out of the source: cameraFirmware, cameraMake, cameraRatio, capDate, comments "
        "and 7 more of the headers (EXR holds them)"
    ]


def test_a_header_without_them_is_no_loss(tmp_path: Path) -> None:
    with OpenEXR.File(
        {"type": OpenEXR.scanlineimage}, {"RGB": np.full((*SIZE, 3), 0.5, np.float16)}
    ) as file:
        file.write(str(tmp_path / "s.1.exr"))
    assert read_source(tmp_path / "s.1.exr")[0].header_names == ()


def test_a_black_frame_has_none(shot: Path) -> None:
    write_frame(shot / "s.0006.exr", 6)
    frames = read_source(shot, fps="24", missing="black")[1]
    assert [bool(frame.attributes) for frame in frames] == [True, True, False, True]


def test_every_frame_keeps_its_own_time_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_matter(monkeypatch, ramp_alpha)
    (tmp_path / "shot").mkdir()
    for number, frame in ((1, 10), (4, 13), (5, 20)):  # on threes, then a cut
        code = OpenEXR.TimeCode()
        code.hours, code.frame = 10, frame
        with OpenEXR.File(
            {"type": OpenEXR.scanlineimage, "timeCode": code},
            {"RGB": np.full((*SIZE, 3), 0.5, np.float16)},
        ) as file:
            file.write(str(tmp_path / "shot" / f"s.{number}.exr"))
    run_matte(tmp_path / "shot", f"alpha={tmp_path}/m.%d.exr", fps="24", missing="hold")
    found = [headers(tmp_path / f"m.{number}.exr")[0]["timeCode"].frame for number in range(1, 6)]
    assert found == [10, 11, 12, 13, 20], "what is held over a hole is counted from the first"


def test_the_reel_goes_between_exr_and_quicktime(tmp_path: Path, shot: Path) -> None:
    for number in NUMBERS:
        path = shot / f"s.{number:04d}.exr"
        code = OpenEXR.TimeCode()
        code.hours, code.frame = 10, number
        with OpenEXR.File(
            {"type": OpenEXR.scanlineimage, "timeCode": code, "reelName": "A001C002"},
            {"RGB": np.full((*SIZE, 3), 0.5, np.float16)},
        ) as file:
            file.write(str(path))
    run_matte(shot, f"rgba={tmp_path}/a.mov", fps="24")
    with av.open(str(tmp_path / "a.mov")) as container:
        assert container.streams.data[0].metadata["reel_name"] == "A001C002"
    lossless_clip(
        tmp_path / "b.mkv", stream_metadata={"timecode": "10:00:00:00", "reel_name": "B001"}
    )
    run_matte(tmp_path / "b.mkv", f"rgba={tmp_path}/b.%04d.exr")
    assert headers(tmp_path / "b.1001.exr")[0]["reelName"] == "B001"
    assert load_image(tmp_path / "b.1001.exr").timecode == "10:00:00:00"


def test_a_frame_rate_that_is_no_number_is_none(tmp_path: Path) -> None:
    for rate in (float("nan"), float("inf"), 0.0):
        with OpenEXR.File(
            {"type": OpenEXR.scanlineimage, "framesPerSecond": rate},
            {"RGB": np.ones((*SIZE, 3), np.float16)},
        ) as file:
            file.write(str(tmp_path / "a.exr"))
        assert load_image(tmp_path / "a.exr").rate is None


def test_a_rational_over_zero_is_bad_input(tmp_path: Path) -> None:
    write_frame(tmp_path / "a.exr", 1)
    data = (tmp_path / "a.exr").read_bytes()
    (tmp_path / "a.exr").write_bytes(data.replace(struct.pack("<iI", 24000, 1001), bytes(8)))
    with pytest.raises(MediaError, match=r"a\.exr: not a readable EXR image"):
        load_image(tmp_path / "a.exr")
