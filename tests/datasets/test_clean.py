from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.cli import main
from streammat.datasets import Faults, Sample
from streammat.datasets.clean import clean_foregrounds
from streammat.errors import InputError, OutputError
from streammat_kernels.reestimate import reestimate_foreground
from tests.datasets.trees import write_alpha, write_rgb


def _sample(folder: Path, name: str, **size: int) -> Sample:
    write_rgb(folder / "fg" / f"{name}.png", **size)
    write_alpha(folder / "alpha" / f"{name}.png", **size)
    return Sample(name, "cutout", folder / "fg" / f"{name}.png", folder / "alpha" / f"{name}.png")


def test_foregrounds_are_written_and_kept_the_next_time(tmp_path: Path) -> None:
    sample, lines = _sample(tmp_path, "a"), list[str]()
    out = tmp_path / "clean"
    first = clean_foregrounds([sample], out, "legacy", Faults(lines.append))
    again = clean_foregrounds([sample], out, "legacy", Faults(lines.append))
    assert (first.written, first.kept) == (1, 0)
    assert (again.written, again.kept) == (0, 1)
    given = np.asarray(Image.open(sample.picture)), np.asarray(Image.open(sample.alpha))
    assert np.array_equal(np.asarray(Image.open(out / "a.png")), reestimate_foreground(*given))
    assert [path.name for path in out.iterdir()] == ["a.png"]


def test_results_of_another_mode_are_refused_or_made_anew(tmp_path: Path) -> None:
    sample, out, faults = _sample(tmp_path, "a"), tmp_path / "clean", Faults(print)
    clean_foregrounds([sample], out, "legacy", faults)
    before = (out / "a.png").read_bytes()
    with pytest.raises(OutputError, match="made with --mode legacy, not converged: --overwrite"):
        clean_foregrounds([sample], out, "converged", faults)
    assert (out / "a.png").read_bytes() == before
    clean_foregrounds([sample], out, "converged", faults, overwrite=True)
    assert clean_foregrounds([sample], out, "converged", faults).kept == 1
    Image.open(out / "a.png").save(out / "a.png")  # as another program leaves it: no mode
    assert clean_foregrounds([sample], out, "legacy", faults).kept == 1
    (out / "a.png").write_bytes(b"no picture")
    with pytest.raises(OutputError, match=r"a.png: cannot be read .*; --overwrite makes it anew"):
        clean_foregrounds([sample], out, "legacy", faults)


def test_what_cannot_be_used_is_left_out_or_refused(tmp_path: Path) -> None:
    small = _sample(tmp_path, "small", height=30, width=40)
    broken = _sample(tmp_path, "broken")
    broken.picture.write_bytes(b"no picture")
    lines = list[str]()
    faults = Faults(lines.append)
    result = clean_foregrounds([small, broken], tmp_path / "clean", "legacy", faults)
    assert result.written == 0
    assert faults.counts == {"too small": 1, "unreadable": 1}
    assert "broken.png" in lines[1]
    with pytest.raises(InputError, match="smaller than 64 pixels"):
        clean_foregrounds([small], tmp_path / "clean", "legacy", Faults(lines.append, strict=True))


def test_a_source_is_never_replaced(tmp_path: Path) -> None:
    sample = _sample(tmp_path, "a")
    before = sample.picture.read_bytes()
    with pytest.raises(OutputError, match="is the input itself"):
        clean_foregrounds([sample], tmp_path / "fg", "legacy", Faults(print), overwrite=True)
    assert sample.picture.read_bytes() == before


def test_two_of_one_name_are_named_and_not_mixed_up(tmp_path: Path) -> None:
    first, second = (_sample(tmp_path / folder, "a") for folder in ("one", "two"))
    lines = list[str]()
    result = clean_foregrounds([first, second], tmp_path / "clean", "legacy", Faults(lines.append))
    assert (result.written, result.kept) == (1, 0)
    assert "another one became a.png" in lines[0]


def test_folders_that_cannot_be_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = _sample(tmp_path, "a")
    with pytest.raises(OutputError, match="no folder can be made here"):
        clean_foregrounds([sample], sample.picture, "legacy", Faults(print))
    folders = ["--foregrounds", str(tmp_path / "fg"), "--alphas", str(tmp_path / "nowhere")]
    assert main(["data", "clean-foregrounds", *folders, "-o", str(tmp_path / "out")]) == 2
    assert "nowhere: no such folder; check" in capsys.readouterr().err


def test_the_command_writes_and_says_what_it_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _sample(tmp_path, "a")
    write_rgb(tmp_path / "fg" / "lonely.png")
    folders = ["--foregrounds", str(tmp_path / "fg"), "--alphas", str(tmp_path / "alpha")]
    words = ["data", "clean-foregrounds", *folders, "-o", str(tmp_path / "out"), "--mode", "legacy"]
    assert main(words) == 0
    said = capsys.readouterr().err
    assert "lonely.png: no alpha of this name" in said
    assert "1 written, 0 were there. 1 files left out: 1 without alpha" in said
    assert main([*words, "--strict"]) == 2
    assert main(["data", "clean-foregrounds", "-o", str(tmp_path / "out")]) == 2
    of_set = ["--set", "bg20k", "--data", str(tmp_path), "-o", str(tmp_path / "out")]
    assert main(["data", "clean-foregrounds", *of_set]) == 2
    assert "a set of backgrounds has no alphas" in capsys.readouterr().err
    assert main(["data", "list"]) == 0
    assert "am2k" in capsys.readouterr().out
