from __future__ import annotations

import copy
import doctest
import multiprocessing
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import streammat
from streammat import api
from streammat.errors import ConfigError, DeviceUnavailable, MediaError
from streammat.matting.fixed import FixedMatter
from streammat.pipeline import pull
from streammat.pipeline.stages import works
from streammat.pipeline.work import Work
from streammat.settings import MatteSettings
from streammat.types import Alpha, Frame, Matte, StreamInfo
from tests.clips import make_clip, truncate
from tests.engines.tiny_model import write_tiny_model

FRAMES = 9


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "cache"))
    return str(write_tiny_model(tmp_path / "tiny_tt.onnx"))


@pytest.fixture
def clip(tmp_path: Path) -> streammat.Clip:
    return streammat.open(make_clip(tmp_path / "in.mp4", FRAMES).path)


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> list[FixedMatter]:
    """Every matter that the API makes is a fixed one whose alpha is the frame's number."""
    made: list[FixedMatter] = []

    def matter(*_: object, **__: object) -> FixedMatter:
        made.append(FixedMatter(numbered))
        return made[-1]

    monkeypatch.setattr(pull, "frame_matter", matter)
    return made


def numbered(frame: Frame) -> Alpha:
    return np.full((frame.height, frame.width), frame.index, np.uint16)


def test_the_examples_of_the_documentation_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STREAMMAT_CACHE_DIR", str(tmp_path / "cache"))
    make_clip(tmp_path / "in.mp4", 4, (160, 90))
    result = doctest.testmod(api)
    assert result.attempted >= 8
    assert result.failed == 0


def test_a_clip_gives_its_mattes_in_order_with_their_times(
    tmp_path: Path, fixed: list[FixedMatter]
) -> None:
    stamps = [0, 40, 95, 100, 260, 300]
    made = make_clip(tmp_path / "vfr.mkv", pts=stamps, size=(64, 48))
    found = list(streammat.open(made.path).matte(smooth="off"))
    assert [m.index for m in found] == list(range(len(stamps)))
    assert [m.pts * m.time_base for m in found] == made.pts_seconds
    assert [int(m.alpha[0, 0]) for m in found] == list(range(len(stamps)))
    assert {m.alpha.shape for m in found} == {(48, 64)}
    assert fixed[0].closed


def test_mattes_are_the_callers_own(clip: streammat.Clip, fixed: list[FixedMatter]) -> None:
    found = list(clip.matte(smooth="off"))
    assert len({m.alpha.ctypes.data for m in found}) == FRAMES


def test_several_frames_are_under_way(clip: streammat.Clip, fixed: list[FixedMatter]) -> None:
    run = clip.matte()
    next(run)
    assert len(fixed[0]._submitted) == fixed[0].requests
    run.close()


def test_leaving_early_ends_what_is_under_way_and_closes_the_file(
    clip: streammat.Clip, fixed: list[FixedMatter]
) -> None:
    for matte in clip.matte():
        if matte.index == 2:
            break
    del matte
    assert not fixed[0]._submitted
    assert fixed[0].closed
    assert not _is_open(Path(clip.path))


def test_an_error_while_reading_ends_the_run_and_frees_the_network(
    clip: streammat.Clip, fixed: list[FixedMatter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "works", _broken_after(3))
    with pytest.raises(MediaError, match="broken"):
        list(clip.matte())
    assert not fixed[0]._submitted
    assert fixed[0].closed


def test_every_call_is_a_run_of_its_own(clip: streammat.Clip, fixed: list[FixedMatter]) -> None:
    assert len(list(clip.matte(limit=2))) == 2
    assert len(list(clip.matte())) == FRAMES


def test_a_part_of_the_clip(clip: streammat.Clip, fixed: list[FixedMatter]) -> None:
    found = list(clip.matte(start=0.12, end="0.24", smooth="off"))
    assert [m.pts * m.time_base for m in found] == [Fraction(n, 25) for n in (3, 4, 5)]


def test_finesse_and_smoothing_are_the_command_lines(
    clip: streammat.Clip, fixed: list[FixedMatter]
) -> None:
    plain = list(clip.matte(smooth="off"))
    smoothed = list(clip.matte(MatteSettings(smooth="off"), smooth=1, roi=(8, 4, 16, 8)))
    for matte in smoothed:
        assert not matte.alpha[:4].any()
        assert not matte.alpha[:, :8].any()
    assert [m.index for m in smoothed if m.cut] == [0]
    assert smoothed[-1].alpha[5, 9] < plain[-1].alpha[5, 9]


def test_a_whole_clip_through_a_real_network(clip: streammat.Clip, model: str) -> None:
    found = list(clip.matte(model=model, size="fast", threads=2))
    assert [m.index for m in found] == list(range(FRAMES))
    assert found[0].alpha[32, 30] > 3 * found[0].alpha[2, 2]  # the red disc, and the bluish edge


def test_settings_are_checked_when_the_run_is_asked_for(clip: streammat.Clip, model: str) -> None:
    with pytest.raises(ConfigError, match="unknown setting 'crf'"):
        clip.matte(crf=3)  # type: ignore[call-arg]
    with pytest.raises(ConfigError, match="settings is 'fast': give "):
        clip.matte("fast")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="smooth"):
        clip.matte(smooth="very")
    with pytest.raises(ConfigError, match="size"):
        clip.matte(size="12", model=model)
    with pytest.raises(ConfigError, match="model"):
        clip.matte(model="gfm_r99")
    with pytest.raises(DeviceUnavailable):
        clip.matte(device="cuda")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"limit": 0}, "limit = '0' is not allowed"),
        ({"frames": "x"}, "frames = 'x' is not allowed"),
        ({"start": "abc"}, "start = 'abc' is not allowed"),
        ({"start": 3, "end": 2}, "not after --start 3"),
        ({"clip_black": 0.5, "clip_white": 0.5}, "--clip-black 0.5 has to be below"),
        ({"roi": (96, 0, 9, 9)}, "outside of the 96x64 picture"),
        ({"roi": (1, 2, 0, 0)}, "a width and a height of at least 1"),
        ({"missing": "hold"}, "missing is told of the source, to streammat.open"),
    ],
)
def test_what_cannot_be_is_refused_before_the_first_matte(
    clip: streammat.Clip, model: str, options: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        clip.matte(model=model, **options)
    assert told in str(refused.value)


def test_a_missing_garbage_file_is_refused_before_the_first_matte(
    clip: streammat.Clip, model: str
) -> None:
    with pytest.raises(MediaError, match=r"nowhere\.png"):
        clip.matte(model=model, garbage="nowhere.png")


def test_what_settings_say_of_the_source_has_to_be_what_it_was_opened_with(
    tmp_path: Path, fixed: list[FixedMatter]
) -> None:
    path = make_clip(tmp_path / "in.mp4", 2).path
    preset = MatteSettings(input_colour="slog3", smooth="off")
    with pytest.raises(
        ConfigError, match=r"input_colour 'slog3'.*opened with None.*open\(\.\.\., inp"
    ):
        streammat.open(path).matte(preset)
    opened = streammat.open(path, input_colour="slog3")
    assert len(list(opened.matte(preset))) == 2
    assert len(list(opened.matte(smooth="off"))) == 2
    with pytest.raises(ConfigError, match=r"missing = 'bogus' is not allowed; use error"):
        streammat.open(path, missing="bogus")  # type: ignore[arg-type]


def test_a_run_has_the_strategy_and_the_options_of_its_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[MatteSettings] = []

    def kept(path: str, info: StreamInfo, settings: MatteSettings, *_: object) -> list[Matte]:
        asked.append(settings)
        return []

    monkeypatch.setattr(pull, "clip_mattes", kept)
    clip = streammat.open(make_clip(tmp_path / "in.mp4", 2).path, input_colour="slog3")
    clip.matte()
    clip.matte(size="best")
    Image.new("RGB", (64, 48)).save(tmp_path / "still.png")
    streammat.open(tmp_path / "still.png").matte()
    assert [s.strategy for s in asked] == ["single", "second-glance", "multi-scale"]
    assert [s.input_colour for s in asked] == ["slog3", "slog3", None]


def test_a_missing_file_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"nothing\.mp4"):
        streammat.open(tmp_path / "nothing.mp4")


def test_an_empty_path_is_no_folder() -> None:
    with pytest.raises(MediaError, match="the path is empty: name a video"):
        streammat.open("")


def test_a_matte_can_be_pickled_and_copied(clip: streammat.Clip, fixed: list[FixedMatter]) -> None:
    (matte,) = clip.matte(limit=1)
    for other in (pickle.loads(pickle.dumps(matte)), copy.deepcopy(matte)):
        np.testing.assert_array_equal(other.alpha, matte.alpha)
        assert (other.index, other.pts, other.time_base) == (0, matte.pts, matte.time_base)
        for mine, plane in zip(other.frame.planes, matte.frame.planes, strict=True):
            np.testing.assert_array_equal(mine, plane)
            assert not np.shares_memory(mine, plane)


def test_a_clip_goes_to_another_process(tmp_path: Path, model: str) -> None:
    made = make_clip(tmp_path / "untagged.mp4", 2, tags=None)
    clip = streammat.open(made.path, missing="hold")
    other = pickle.loads(pickle.dumps(clip))
    assert (other.path, other.info, other.lost_frames) == (clip.path, clip.info, 0)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        (there,) = pool.submit(_first_alphas, clip, model).result()
    (here,) = _first_alphas(other, model)
    np.testing.assert_array_equal(there, here)


def _first_alphas(clip: streammat.Clip, model: str) -> list[Alpha]:
    return [matte.alpha for matte in clip.matte(model=model, limit=1)]


def test_assumptions_are_told_to_the_caller_once(tmp_path: Path, fixed: list[FixedMatter]) -> None:
    lines: list[str] = []
    made = make_clip(tmp_path / "untagged.mp4", 2, tags=None)
    clip = streammat.open(made.path, notify=lines.append)
    assert len([line for line in lines if "colour" in line]) == 1
    list(clip.matte())
    assert len([line for line in lines if "colour" in line]) == 1


def test_lost_frames_are_told_and_strict_refuses_them(
    tmp_path: Path, fixed: list[FixedMatter]
) -> None:
    lines: list[str] = []
    cut = truncate(make_clip(tmp_path / "cut.mkv", 30).path, 0.6)
    clip = streammat.open(cut, notify=lines.append)
    found = list(clip.matte(smooth="off"))
    assert 0 < len(found) < 30
    assert any(f"{clip.lost_frames} frames lost or damaged: near " in line for line in lines)
    assert clip.lost_frames > 0
    with pytest.raises(MediaError):
        list(clip.matte(strict=True))


def test_every_option_is_a_setting() -> None:
    settings = {field.name for field in fields(MatteSettings)}
    assert api.ClipOptions.__optional_keys__ <= settings
    assert api.MatterOptions.__optional_keys__ < api.ClipOptions.__optional_keys__
    assert api.SourceOptions.__optional_keys__ <= settings


def test_a_numbered_sequence_is_opened_at_the_rate_that_is_asked_for(
    tmp_path: Path, fixed: list[FixedMatter]
) -> None:
    for number in (1, 2, 4):
        Image.new("RGB", (8, 8)).save(tmp_path / f"f.{number:04d}.png")
    clip = streammat.open(tmp_path / "f.%04d.png", fps="50", missing="hold")
    assert clip.info.rate == 50
    times = [m.pts * m.time_base for m in clip.matte(smooth="off")]
    assert times == [Fraction(n, 50) for n in range(4)]
    with pytest.raises(ConfigError, match="unknown setting 'crf'"):
        streammat.open(tmp_path / "f.%04d.png", crf=3)  # type: ignore[call-arg]


def test_public_names_are_listed_and_load() -> None:
    assert sorted(streammat.__all__) == streammat.__all__
    for name in streammat.__all__:
        assert getattr(streammat, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'matte_everything'"):
        _ = streammat.matte_everything


def test_importing_the_package_loads_no_library() -> None:
    code = "import sys, streammat; print(*sorted(m.split('.')[0] for m in sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "av", "numba", "openvino", "torch"} & set(run.stdout.split())


def _is_open(path: Path) -> bool:
    folder = Path("/proc/self/fd")
    if not folder.is_dir():
        pytest.skip("needs /proc to see which files are open")
    targets = set()
    for link in folder.iterdir():
        try:
            targets.add(link.readlink())
        except OSError:  # closed meanwhile
            continue
    return path in targets


def _broken_after(count: int) -> Callable[[Iterable[Frame]], Iterator[Work]]:
    def broken(frames: Iterable[Frame]) -> Iterator[Work]:
        for number, work in enumerate(works(frames)):
            if number == count:
                raise MediaError("broken")
            yield work

    return broken
