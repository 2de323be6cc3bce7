from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("cv2")

import cv2

from streammat.cli.training_run import decode_once
from streammat.datasets import Faults
from streammat.errors import ConfigError, InputError, OutputError
from streammat.training.cache import INDEX, PIXELS, Cache, name_again, within, write_cache
from streammat.training.decode import build_cache, origin_of, unlisted
from streammat.training.parallel import Launch
from tests.training.tiny import disc, write_data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def add_pair(data: Path, name: str) -> None:
    for suffix in (".webp", ".png"):
        shutil.copy(data / "pairs" / f"disc_0000{suffix}", data / "pairs" / f"{name}{suffix}")
    with (data / "pairs.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps({"name": name, "src": "discs"}) + "\n")


def test_what_cannot_be_used_is_named_counted_and_left_out(data: Path, tmp_path: Path) -> None:
    (data / "pairs" / "disc_0001.png").unlink()
    (data / "pairs" / "disc_0002.webp").write_bytes(b"no picture")
    cv2.imwrite(str(data / "pairs" / "disc_0003.png"), disc(3)[1][:40])
    cv2.imwrite(str(data / "cutouts" / "plain.png"), disc(3)[0])
    (data / "backgrounds" / "notes.txt").write_text("of no interest")
    (data / "backgrounds" / "broken.jpg").write_bytes(b"no picture")
    with (data / "pairs.jsonl").open("a") as out:
        out.write('{"name": "disc_0004"}\nno JSON\n\n{"name": "disc_0000", "src": "again"}\n')
    lines: list[str] = []
    faults = Faults(lines.append)
    build_cache(data, tmp_path / "cache", faults)
    names = [entry.name for entry in Cache(tmp_path / "cache").entries]
    assert names == ["disc_0000", "disc_0004", "vid_kept_0001", "one.png", "plain.png"]
    assert faults.counts == {"unreadable": 4, "without alpha": 1, "wrong lines": 3}
    for words in (
        "no disc_0001.png beside it",
        "disc_0002.webp",
        "100x40",
        "cut-out without",
        "line 8",
    ):
        assert any(words in line for line in lines), words
    with pytest.raises(InputError, match="leave out --strict"):
        build_cache(data, tmp_path / "other", Faults(print, strict=True))
    assert not (tmp_path / "other").exists()


def test_pictures_that_the_list_names_or_lacks_are_told(data: Path, tmp_path: Path) -> None:
    (data / "pairs" / "disc_0001.webp").unlink()
    for suffix in (".webp", ".png"):
        (data / "pairs" / f"disc_0002{suffix}").unlink()
    shutil.copy(data / "pairs" / "disc_0003.webp", data / "pairs" / "extra.webp")
    faults = Faults(lambda line: None)
    build_cache(data, tmp_path / "cache", faults)
    assert faults.counts == {"alphas without picture": 1, "missing": 1}
    assert unlisted(data) == ["extra"]


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "a/../../b", "", "."])
def test_names_that_lead_out_of_the_folder_are_wrong_lines(
    name: str, data: Path, tmp_path: Path
) -> None:
    with (data / "pairs.jsonl").open("a") as out:
        out.write(json.dumps({"name": name, "src": "elsewhere"}) + "\n")
    lines: list[str] = []
    build_cache(data, tmp_path / "cache", Faults(lines.append))
    assert lines == [
        f"{data / 'pairs.jsonl'}: line 7: {name!r} is not the name of a picture in pairs/; left out"
    ]


def test_names_with_spaces_dots_and_umlauts_are_read(data: Path, tmp_path: Path) -> None:
    add_pair(data, "Frau M\u00fcller 1.5")
    build_cache(data, tmp_path / "cache")
    assert len(Cache(tmp_path / "cache").of_kind("pair")) == 7


def test_cutouts_and_backgrounds_may_be_missing(data: Path, tmp_path: Path) -> None:
    for name in ("cutouts", "backgrounds"):
        shutil.rmtree(data / name)
    build_cache(data, tmp_path / "cache")
    assert {entry.kind for entry in Cache(tmp_path / "cache").entries} == {"pair"}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: (data / "pairs.jsonl").unlink(), r"no pairs.jsonl.*\[data\] table"),
        (lambda data: (data / "pairs.jsonl").write_text(""), "no pair can be used"),
        (shutil.rmtree, "no such folder; check --data"),
    ],
)
def test_a_folder_of_no_use_is_refused_and_leaves_nothing(
    spoil: Callable[[Path], None], words: str, data: Path, tmp_path: Path
) -> None:
    spoil(data)
    with pytest.raises(InputError, match=words):
        build_cache(data, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*"))


def test_a_list_that_is_no_text_is_refused(data: Path, tmp_path: Path) -> None:
    (data / "pairs.jsonl").write_bytes('{"name": "Müller", "src": "a"}'.encode("latin-1"))
    with pytest.raises(InputError, match=r"pairs\.jsonl: no UTF-8 text"):
        build_cache(data, tmp_path / "cache")


def test_what_was_left_out_is_named_again_and_refused_when_strict(
    data: Path, tmp_path: Path
) -> None:
    (data / "pairs" / "disc_0001.png").write_bytes(b"no picture")
    lines: list[str] = []
    faults = Faults(lines.append)
    build_cache(data, tmp_path / "cache", faults)
    name_again(tmp_path / "cache", faults)
    assert len(lines) == 1
    name_again(tmp_path / "cache", Faults(lines.append))
    assert len(lines) == 2
    assert lines[0] == lines[1]
    with pytest.raises(InputError, match=r"disc_0001\.png.*leave out --strict"):
        name_again(tmp_path / "cache", Faults(print, strict=True))
    (tmp_path / "cache" / "left_out.json").unlink()  # as earlier versions left it
    name_again(tmp_path / "cache", Faults(print, strict=True))


def test_a_folder_that_takes_nothing_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OutputError,
        match=r"file/cache cannot be written: Not a directory; a file is where a folder is needed",
    ):
        decode_once(tmp_path / "file" / "cache", None, lambda: None, overwrite=False)


@pytest.mark.parametrize("size", [(5000, 2), (1, 700), (641, 1)])
def test_pictures_thinner_than_a_pixel_keep_one(size: tuple[int, int]) -> None:
    height, width = within(np.zeros((*size, 4), np.uint8), 640).shape[:2]
    assert max(height, width) == 640
    assert min(height, width) == 1


def test_a_decoding_that_is_broken_off_keeps_what_was_there(data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    build_cache(data, cache)
    before = Cache(cache).fingerprint

    def broken() -> object:
        yield "pair", "a", "b", np.zeros((2, 2, 7), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_cache(broken(), cache)  # type: ignore[arg-type]
    assert Cache(cache).fingerprint == before


def test_damaged_decoded_data_says_what_to_do(data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    build_cache(data, cache)
    pixels = (cache / PIXELS).read_bytes()
    (cache / PIXELS).write_bytes(pixels[:100])
    with pytest.raises(InputError, match="cut off; remove that folder"):
        Cache(cache)
    (cache / INDEX).write_text('[{"kind": "pa')
    with pytest.raises(InputError, match=r"damaged .*; remove that folder"):
        Cache(cache)


def test_other_data_than_was_decoded_is_refused_or_decoded(data: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def once(*, overwrite: bool = False) -> None:
        decode_once(cache, origin_of(data), lambda: build_cache(data, cache), overwrite=overwrite)

    once()
    first = Cache(cache).fingerprint
    once()
    add_pair(data, "more")
    with pytest.raises(ConfigError, match="other files than those that are given now"):
        once()
    assert Cache(cache).fingerprint == first
    once(overwrite=True)
    assert len(Cache(cache).of_kind("pair")) == 7
    (cache / "origin.sha256").unlink()  # as earlier versions left it
    add_pair(data, "still more")
    once()
    assert len(Cache(cache).of_kind("pair")) == 7


def test_files_of_pairs_in_folders_are_told_apart(data: Path) -> None:
    (data / "pairs" / "a").mkdir()
    add_pair(data, "a/disc")
    seen = {origin_of(data)}
    for suffix in (".webp", ".png"):
        with (data / "pairs" / f"a/disc{suffix}").open("ab") as out:
            out.write(b"more")
        seen.add(origin_of(data))
    assert len(seen) == 3


def test_files_that_are_not_decoded_make_no_other_data(data: Path) -> None:
    before = origin_of(data)
    for name in ("pairs/.DS_Store", "pairs/unlisted.png", "cutouts/._one.png", "cutouts/notes.txt"):
        (data / name).write_bytes(b"of no interest")
    assert origin_of(data) == before
    for name in ("pairs/disc_0001.webp", "cutouts/one.png", "backgrounds/plain.png"):
        (data / name).write_bytes(b"another")
        assert origin_of(data) != before
        before = origin_of(data)


def test_a_run_waits_for_another_that_decodes_into_the_same_folder(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, built, said = tmp_path / "cache", list[str](), list[str]()
    begun, waits = threading.Event(), threading.Event()

    def echo(text: str, **_: object) -> None:
        said.append(text)
        waits.set()

    def once(name: str) -> None:
        def build() -> None:
            built.append(name)
            begun.set()
            assert waits.wait(30)
            build_cache(data, cache)

        decode_once(cache, origin_of(data), build, overwrite=False)

    monkeypatch.setattr("click.echo", echo)
    first = threading.Thread(target=once, args=["first"])
    first.start()
    assert begun.wait(30)
    once("second")
    first.join()
    assert built == ["first"]
    assert said == [f"{cache}: another run decodes into this folder; waiting for it"]
    assert len(Cache(cache).of_kind("pair")) == 6


def _second() -> Launch:
    return Launch(rank=1, local_rank=1, size=2)


def test_the_first_process_of_every_machine_decodes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have a disk of its own, on which nobody else would ever do it."""
    place = Launch(rank=1, local_rank=0, size=2)
    monkeypatch.setattr("streammat.training.parallel.launched", lambda: place)
    cache = tmp_path / "cache"
    decode_once(cache, origin_of(data), lambda: build_cache(data, cache), overwrite=False)
    assert Cache(cache).of_kind("pair")


def test_every_process_of_torchrun_refuses_other_data(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    build_cache(data, cache)
    add_pair(data, "more")
    monkeypatch.setattr("streammat.training.parallel.launched", _second)
    with pytest.raises(ConfigError, match="other files than those that are given now"):
        decode_once(cache, origin_of(data), lambda: pytest.fail("decodes"), overwrite=False)
