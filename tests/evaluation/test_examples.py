"""Folders of examples: counterparts, sizes, rotation, and the layouts of published data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streammat.cli.eval import TRACKS
from streammat.errors import InputError, MediaError
from streammat.evaluation.files import read_example
from streammat.evaluation.pairs import Example, find_examples
from streammat.evaluation.run import LeftOut, mean_metrics, score_examples
from streammat.evaluation.tracks import track_folders, tracks


def save(path: Path, pixels: NDArray[Any], **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)
    return path


def gray(height: int = 8, width: int = 12, value: int = 255) -> NDArray[np.uint8]:
    return np.full((height, width), value, np.uint8)


def rgb(height: int = 8, width: int = 12) -> NDArray[np.uint8]:
    return np.zeros((height, width, 3), np.uint8)


def test_files_are_paired_by_stem_and_what_lacks_is_said(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.png", "only.png"):
        save(tmp_path / "i" / name, rgb())
    for name in ("a.png", "b.png", "lost.png"):
        save(tmp_path / "m" / name, gray())
    save(tmp_path / "t" / "a.png", gray())
    lines: list[str] = []
    folders = (tmp_path / "i", tmp_path / "m", tmp_path / "t")
    found = find_examples(*folders, notify=lines.append)
    assert [(e.image.name, e.trimap is not None) for e in found] == [
        ("a.jpg", True),
        ("b.png", False),
    ]
    assert len(lines) == 3
    assert "only.png: no alpha" in lines[0]
    assert "lost.png: no image" in lines[1]
    assert "b.png: no trimap" in lines[2]


def test_a_missing_folder_and_no_pair_at_all_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "i" / "a.png", rgb())
    save(tmp_path / "m" / "b.png", gray())
    with pytest.raises(InputError, match="no such folder"):
        find_examples(tmp_path / "x", tmp_path / "m", notify=print)
    with pytest.raises(InputError, match="alpha of the same name"):
        find_examples(tmp_path / "i", tmp_path / "m", notify=print)


def test_sizes_that_differ_are_one_line_with_both(tmp_path: Path) -> None:
    image, alpha = save(tmp_path / "a.png", rgb(8, 12)), save(tmp_path / "m.png", gray(8, 10))
    with pytest.raises(MediaError, match=r"a\.png: 12x8, but its alpha is 10x8"):
        read_example(Example(image, alpha))


def test_an_image_stands_as_its_alpha_does(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a quarter turn clockwise makes it upright
    image = save(tmp_path / "a.png", rgb(8, 12), exif=exif)
    lying, upright = save(tmp_path / "l.png", gray(8, 12)), save(tmp_path / "u.png", gray(12, 8))
    assert read_example(Example(image, lying)).rgb.shape == (8, 12, 3)
    assert read_example(Example(image, upright)).rgb.shape == (12, 8, 3)


def test_sixteen_bit_alphas_and_gray_trimaps_keep_their_levels(tmp_path: Path) -> None:
    image = save(tmp_path / "a.png", rgb())
    wide = save(tmp_path / "m.png", np.full((8, 12), 40000, np.uint16))
    trimap = gray(value=127)
    trimap[0], trimap[1] = 0, 255
    pixels = read_example(Example(image, wide, save(tmp_path / "t.png", trimap)))
    assert pixels.alpha.dtype == np.uint16
    assert pixels.alpha[0, 0] == 40000
    assert pixels.trimap is not None
    assert [int(row[0]) for row in pixels.trimap[:3]] == [0, 255, 128]


def test_a_broken_file_is_left_out_and_the_others_are_scored(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save(tmp_path / "i" / name, rgb())
        save(tmp_path / "m" / name, gray())
    (tmp_path / "i" / "a.png").write_bytes(b"no picture")
    lines: list[str] = []
    examples = find_examples(tmp_path / "i", tmp_path / "m", notify=lines.append)
    half = np.full((8, 12), 32768, np.uint16)
    lost: list[LeftOut] = []
    scored = list(score_examples(examples, lambda _: half, notify=lines.append, lost=lost))
    assert [s.score.example.name for s in scored] == ["b"]
    assert "a.png: not a readable image" in lines[0]
    assert [(one.example.name, one.reason) for one in lost] == [("a", lines[0])]
    assert mean_metrics([s.score for s in scored]).sad == scored[0].score.metrics.sad
    with pytest.raises(InputError, match="nothing was scored"):
        mean_metrics([])


def test_every_track_finds_its_published_layout(tmp_path: Path) -> None:
    assert tuple(tracks()) == TRACKS
    for name, track in tracks().items():
        data = tmp_path / name
        for place in (track.images[0], track.alphas[0], *track.trimaps[:1]):
            (data / place).mkdir(parents=True)
        images, alphas, trimaps = track_folders(name, data)
        assert images == data / track.images[0]
        assert alphas == data / track.alphas[0]
        assert (trimaps is None) == (not track.trimaps)


def test_a_track_that_is_not_there_says_where_it_was_sought(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"AIM-500/original; give the folder above with --data"):
        track_folders("aim500", tmp_path)
    with pytest.raises(InputError, match="use am2k-ori, am2k-comp"):
        track_folders("coco", tmp_path)


def _ramp() -> NDArray[np.uint8]:
    return np.tile(np.arange(12, dtype=np.uint8) * 20, (8, 1))


def test_truths_of_all_forms_are_the_same_truth(tmp_path: Path) -> None:
    tifffile, OpenEXR = pytest.importorskip("tifffile"), pytest.importorskip("OpenEXR")
    truth = _ramp()
    floats = truth.astype(np.float32) / 255
    tifffile.imwrite(tmp_path / "float.tif", floats)
    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, {"Y": floats}) as file:
        file.write(str(tmp_path / "y.exr"))
    save(tmp_path / "wide.png", truth.astype(np.uint16) * 257)
    cut = Image.fromarray(np.dstack([np.full((8, 12, 3), 90, np.uint8), truth]))
    cut.save(tmp_path / "rgba.png")
    cut.quantize(32, method=Image.Quantize.FASTOCTREE).save(tmp_path / "palette.png")
    image = save(tmp_path / "i" / "a.png", rgb())
    for name in ("float.tif", "y.exr", "wide.png", "rgba.png", "palette.png"):
        alpha = read_example(Example(image, tmp_path / name)).alpha
        found = alpha / np.iinfo(alpha.dtype).max * 255
        coarse = 20 if name == "palette.png" else 0.6  # 32 colours
        assert np.abs(found - truth).max() < coarse, name


def test_wide_gray_pictures_keep_their_range(tmp_path: Path) -> None:
    image = save(tmp_path / "a.png", _ramp().astype(np.uint16) * 257)
    pixels = read_example(Example(image, save(tmp_path / "m.png", gray())))
    np.testing.assert_array_equal(pixels.rgb, np.dstack([_ramp()] * 3))


@pytest.mark.parametrize(("orientation", "turned"), [(3, np.s_[::-1, ::-1]), (2, np.s_[:, ::-1])])
def test_turns_that_keep_the_size_are_made_as_every_job_makes_them(
    tmp_path: Path, orientation: int, turned: Any
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = np.dstack([_ramp()] * 3)
    image = save(tmp_path / "a.png", stored, exif=exif)
    pixels = read_example(Example(image, save(tmp_path / "m.png", gray())))
    np.testing.assert_array_equal(pixels.rgb, stored[turned])


@pytest.mark.parametrize("folder", ["i", "m"])
def test_two_files_of_one_name_are_refused(tmp_path: Path, folder: str) -> None:
    for place in ("i", "m"):
        save(tmp_path / place / "a.png", rgb())
    save(tmp_path / folder / "a.jpg", rgb())
    with pytest.raises(InputError, match=r"a\.png and a\.jpg have one name"):
        find_examples(tmp_path / "i", tmp_path / "m", notify=print)
