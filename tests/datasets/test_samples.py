from __future__ import annotations

from pathlib import Path

import pytest

from streammat.datasets import Faults, find_backgrounds, find_samples, layouts
from streammat.datasets.layouts import layout_named
from streammat.errors import ConfigError, InputError
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
    assert [path.stem for path in find_backgrounds(layout, tmp_path)] == ["a0", "b0"]


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
        find_backgrounds(layout_named("bg20k"), tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="am2k"):
        layout_named("am2")
