"""Files that are of no use are found before a run needs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from streammat.datasets import Faults, Sample
from streammat.datasets.checking import check_pixels, usable_pictures, usable_samples
from streammat.errors import InputError
from tests.datasets.trees import write_alpha, write_rgb


def _sample(folder: Path, name: str, height: int = 70) -> Sample:
    picture, alpha = folder / f"{name}.png", folder / f"{name}_alpha.png"
    write_rgb(picture, height=height)
    write_alpha(alpha)
    return Sample(name, "photo", picture, alpha)


def test_headers_tell_what_is_no_picture_or_of_another_size(tmp_path: Path) -> None:
    good, other, broken = (_sample(tmp_path, n, h) for n, h in (("a", 70), ("b", 60), ("c", 70)))
    broken.alpha.write_bytes(b"no picture")
    lines: list[str] = []
    faults = Faults(lines.append)
    assert usable_samples([good, other, broken], faults) == [good]
    assert "b.png: 80x60 pixels, but its alpha is 80x70" in lines[0]
    assert "c_alpha.png: not a readable picture" in lines[1]
    assert usable_pictures([broken.alpha, good.picture], faults) == [good.picture]
    with pytest.raises(InputError, match="leave out --strict"):
        usable_samples([other], Faults(print, strict=True))


def test_pixels_tell_what_ends_too_early(tmp_path: Path) -> None:
    sample = _sample(tmp_path, "a")
    cut = tmp_path / "cut.png"
    whole = sample.picture.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    assert usable_pictures([cut], Faults(print)) == [cut]
    with pytest.raises(InputError, match=r"cut\.png"):
        check_pixels([sample], [cut], Faults(print, strict=True), threads=2)
    faults = Faults(lambda line: None)
    check_pixels([sample], [cut], faults, threads=2)
    assert faults.total == 1
