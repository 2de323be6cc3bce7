from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from streammat.datasets import Sample
from streammat.datasets.reading import read_alpha, read_cutout, read_layers, read_rgb
from streammat.errors import MediaError
from tests.datasets.trees import write_alpha, write_rgb


def test_grey_and_16_bit_pictures_become_colour(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 4), 77, np.uint8)).save(tmp_path / "grey.png")
    Image.fromarray(np.full((3, 4), 0x4D00, np.uint16)).save(tmp_path / "deep.png")
    for name in ("grey.png", "deep.png"):
        rgb = read_rgb(tmp_path / name)
        assert rgb.shape == (3, 4, 3)
        assert (rgb == 77).all()


def test_alphas_of_all_kinds_are_read(tmp_path: Path) -> None:
    Image.fromarray(np.full((3, 4), 65535, np.uint16)).save(tmp_path / "deep.png")
    rgba = np.zeros((3, 4, 4), np.uint8)
    rgba[..., 3] = 90
    rgba[0, 1, 3] = 91
    Image.fromarray(rgba).save(tmp_path / "rgba.png")
    Image.fromarray(np.full((3, 4, 3), 60, np.uint8)).save(tmp_path / "rgb.png")
    levels = [int(read_alpha(tmp_path / n)[0, 0]) for n in ("deep.png", "rgba.png", "rgb.png")]
    assert levels == [255, 90, 60]


@pytest.mark.parametrize("opacity", [0, 90, 254, 255])
def test_an_alpha_channel_that_does_not_vary_gives_way_to_the_grey(
    opacity: int, tmp_path: Path
) -> None:
    rgba = np.full((3, 4, 4), 60, np.uint8)
    rgba[..., 3] = opacity
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert (read_alpha(tmp_path / "a.png") == 60).all()


def test_colours_that_nothing_shows_of_are_no_alpha(tmp_path: Path) -> None:
    rgba = np.zeros((3, 4, 4), np.uint8)
    rgba[..., 0] = 200
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert not read_alpha(tmp_path / "a.png").any()


def test_colours_that_are_opaque_throughout_are_no_alpha(tmp_path: Path) -> None:
    rgba = np.random.default_rng(1).integers(0, 256, (8, 8, 4), np.uint8)
    rgba[..., 3] = 255
    Image.fromarray(rgba).save(tmp_path / "a.png")
    with pytest.raises(MediaError, match=r"a\.png: colours that are opaque.* save the alpha as"):
        read_alpha(tmp_path / "a.png")
    rgba[..., :3] = rgba[..., :1]
    rgba[..., 0] ^= 1  # grey that was compressed
    Image.fromarray(rgba).save(tmp_path / "b.png")
    assert abs(read_alpha(tmp_path / "b.png").astype(int) - rgba[..., 1]).max() <= 1


@pytest.mark.parametrize(
    ("kind", "largest", "words"),
    [
        (np.uint8, 1, "at most 1 of 255, nearly empty; multiply it so that opaque is 255$"),
        (np.uint16, 1, "at most 1 of 65535"),
        (np.uint16, 255, "opaque is 65535, or save 0..255 with 8 bits$"),
        (np.uint16, 257, "at most 257 of 65535"),
    ],
)
def test_alphas_of_another_range_are_named(
    kind: type[np.uint8 | np.uint16], largest: int, words: str, tmp_path: Path
) -> None:
    mask = np.zeros((8, 8), kind)
    mask[2:6, 2:6] = largest
    Image.fromarray(mask).save(tmp_path / "a.png")
    with pytest.raises(MediaError, match=rf"a\.png: an alpha of .*{words}"):
        read_alpha(tmp_path / "a.png")
    mask[2, 2] = 258 if kind is np.uint16 else 2
    Image.fromarray(mask).save(tmp_path / "a.png")
    assert read_alpha(tmp_path / "a.png").any()


def test_an_alpha_channel_of_0_and_1_is_named(tmp_path: Path) -> None:
    rgba = np.full((8, 8, 4), 60, np.uint8)
    rgba[..., 3] = np.eye(8)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    with pytest.raises(MediaError, match="at most 1 of 255"):
        read_alpha(tmp_path / "a.png")


def test_damaged_files_are_named(tmp_path: Path) -> None:
    write_rgb(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes()[:200])
    with pytest.raises(MediaError, match=r"b\.png: not a readable picture"):
        read_rgb(tmp_path / "b.png")


def test_layers_of_other_sizes_are_named(tmp_path: Path) -> None:
    write_rgb(tmp_path / "a.jpg")
    write_alpha(tmp_path / "a.png", width=81)
    with pytest.raises(MediaError, match=r"a\.jpg: 80x70 pixels, but its alpha is 81x70"):
        read_layers(Sample("a", "photo", tmp_path / "a.jpg", tmp_path / "a.png"))


def test_pictures_that_a_camera_turned_are_upright(tmp_path: Path) -> None:
    write_rgb(tmp_path / "a.png", 30, 40)
    upright = Image.open(tmp_path / "a.png")
    turned = Image.Exif()
    turned[0x0112] = 6  # a viewer turns it clockwise by 90 degrees
    upright.rotate(90, expand=True).save(tmp_path / "b.png", exif=turned)
    assert np.array_equal(read_rgb(tmp_path / "b.png"), np.asarray(upright))


def test_transparent_palettes_and_floats_are_alphas(tmp_path: Path) -> None:
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[:4, :, 3] = 255
    Image.fromarray(rgba).quantize(8).save(tmp_path / "palette.png")
    Image.fromarray(np.full((8, 8), 0.4, np.float32)).save(tmp_path / "float.tif")
    assert np.array_equal(read_alpha(tmp_path / "palette.png"), rgba[..., 3])
    assert (read_alpha(tmp_path / "float.tif") == 102).all()


def test_a_cutout_has_an_alpha_channel(tmp_path: Path) -> None:
    grey = np.full((3, 4, 2), 77, np.uint8)
    Image.fromarray(grey, "LA").save(tmp_path / "a.png")
    assert read_cutout(tmp_path / "a.png").shape == (3, 4, 4)
    write_rgb(tmp_path / "b.png")
    with pytest.raises(MediaError, match=r"b\.png: a cut-out without an alpha channel"):
        read_cutout(tmp_path / "b.png")


@pytest.mark.parametrize("name", ["photograph.png", "photograph.jpg", "labels.png"])
def test_a_photograph_or_a_map_of_labels_is_no_alpha(name: str, tmp_path: Path) -> None:
    if name.startswith("photograph"):
        write_rgb(tmp_path / name)
    else:
        labels = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) // 32)
        labels.putpalette([0, 0, 0, 128, 0, 0])
        labels.save(tmp_path / name)
    with pytest.raises(MediaError, match=rf"{name}: a picture in colours is no alpha; give the"):
        read_alpha(tmp_path / name)


def test_a_mask_with_a_coloured_speck_is_an_alpha(tmp_path: Path) -> None:
    rgb = np.zeros((20, 20, 3), np.uint8)
    rgb[5:, :] = 255
    rgb[0, 0] = (200, 0, 0)
    Image.fromarray(rgb).save(tmp_path / "a.png")
    assert read_alpha(tmp_path / "a.png")[6, 6] == 255
