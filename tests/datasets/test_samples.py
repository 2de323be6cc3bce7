from __future__ import annotations

from pathlib import Path

import pytest

from streammat.datasets import Faults, find_backgrounds, find_samples, layouts
from streammat.datasets.layouts import layout_named
from streammat.errors import ConfigError, InputError, MediaError
from tests.datasets.trees import write_alpha, write_rgb, write_tree

WITH_ALPHA = [name for name, layout in layouts().items() if layout.kind != "background"]
WITHOUT = [name for name, layout in layouts().items() if layout.kind == "background"]


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.mark.parametrize("name", WITH_ALPHA)
def test_published_layouts_are_found(name: str, tmp_path: Path, lines: list[str]) -> None:
    layout = layout_named(name)
    write_tree(layout, tmp_path)
    faults = Faults(lines.append)
    samples = find_samples(layout, tmp_path, faults)
    assert len(samples) == 2 * (len(layout.roots) if layout.every_root else 1)
    assert faults.total == 0
    first = samples[0]
    assert (first.name, first.kind) == ("a0", layout.kind)
    assert first.picture.stem == first.alpha.stem == "a0"
    assert (first.foreground is not None) == bool(layout.foregrounds)


@pytest.mark.parametrize("name", WITHOUT)
def test_sets_of_backgrounds_are_found(name: str, tmp_path: Path) -> None:
    layout = layout_named(name)
    write_tree(layout, tmp_path)
    assert [path.stem for path in find_backgrounds(layout, tmp_path, Faults(print))] == ["a0", "b0"]


def test_the_folder_above_may_be_left_out(tmp_path: Path, lines: list[str]) -> None:
    write_rgb(tmp_path / "train" / "original" / "m.jpg")
    write_alpha(tmp_path / "train" / "mask" / "m.png")
    assert len(find_samples(layout_named("am2k"), tmp_path, Faults(lines.append))) == 1


def test_files_without_a_counterpart_are_named_and_counted(
    tmp_path: Path, lines: list[str]
) -> None:
    layout = layout_named("am2k")
    write_tree(layout, tmp_path)
    root = tmp_path / "AM-2k" / "train"
    write_rgb(root / "original" / "lonely.jpg")
    write_alpha(root / "mask" / "nobody.png")
    faults = Faults(lines.append)
    assert len(find_samples(layout, tmp_path, faults)) == 2
    assert faults.counts == {"without alpha": 1, "alphas without picture": 1}
    assert "lonely.jpg" in lines[0]
    assert "nobody.png" in lines[1]
    assert faults.summary() == "2 files left out: 1 alphas without picture, 1 without alpha"


def test_strict_refuses_them(tmp_path: Path, lines: list[str]) -> None:
    layout = layout_named("am2k")
    write_tree(layout, tmp_path)
    write_rgb(tmp_path / "AM-2k" / "train" / "original" / "lonely.jpg")
    with pytest.raises(InputError, match=r"lonely\.jpg: no alpha of this name"):
        find_samples(layout, tmp_path, Faults(lines.append, strict=True))


def test_missing_sets_say_what_was_expected(tmp_path: Path, lines: list[str]) -> None:
    with pytest.raises(InputError, match=r"original was expected"):
        find_samples(layout_named("am2k"), tmp_path, Faults(lines.append))
    with pytest.raises(InputError, match="no such folder"):
        find_backgrounds(layout_named("bg20k"), tmp_path / "nowhere", Faults(lines.append))
    with pytest.raises(ConfigError, match="am2k"):
        layout_named("am2")


def test_a_set_of_backgrounds_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError, match="no pictures of backgrounds here"):
        find_backgrounds(layout_named("backgrounds"), tmp_path, Faults(print))


def test_backgrounds_beside_pictures_are_not_those_of_the_pictures(tmp_path: Path) -> None:
    for folder in ("images", "backgrounds"):
        write_rgb(tmp_path / folder / "0001.png")
    write_alpha(tmp_path / "alphas" / "0001.png")
    (sample,) = find_samples(layout_named("folder"), tmp_path, Faults(print))
    assert sample.background is None
    assert len(find_backgrounds(layout_named("backgrounds"), tmp_path, Faults(print))) == 1


def test_names_belong_together_however_they_are_spelt(tmp_path: Path, lines: list[str]) -> None:
    """One file system keeps an umlaut as one letter, another as two; hidden files are not ours."""
    composed, decomposed = "Frau M\u00fcller 1.5", "Frau Mu\u0308ller 1.5"
    write_rgb(tmp_path / "images" / f"{composed}.png")
    write_rgb(tmp_path / "images" / f"._{composed}.png")
    write_alpha(tmp_path / "alphas" / f"{decomposed}.png")
    (sample,) = find_samples(layout_named("folder"), tmp_path, Faults(lines.append))
    assert sample.name == composed
    assert not lines


def test_two_pictures_of_one_name_are_named(tmp_path: Path, lines: list[str]) -> None:
    for suffix in ("jpg", "png"):
        write_rgb(tmp_path / "images" / f"a.{suffix}")
    write_alpha(tmp_path / "alphas" / "a.png")
    faults = Faults(lines.append)
    (sample,) = find_samples(layout_named("folder"), tmp_path, faults)
    assert sample.picture.name == "a.jpg"
    assert "a.png: a.jpg is taken; left out" in lines[0]


def test_a_file_is_named_and_counted_once(lines: list[str]) -> None:
    faults = Faults(lines.append)
    for name in ("a", "b", "a"):
        faults.unreadable(MediaError(f"Take: 1/{name}.png: not a readable picture"))
    assert len(lines) == faults.total == 2
