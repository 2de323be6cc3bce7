"""Pictures of 16 bits and float are upright as those of 8 bits are."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from streammat.media.image_file import load_image, read_image
from streammat.media.orientation import ORIENTATION, orientation_of, upright

from .sources import noise_frame, write_dpx

PICTURE = np.arange(3 * 5 * 3, dtype=np.uint16).reshape(3, 5, 3) * 1000


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def held_png(path: Path, orientation: int, before_samples: bool) -> None:
    """16 bits, with an eXIf chunk on either side of the samples."""
    cv2.imwrite(str(path), PICTURE[..., ::-1])
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    data = path.read_bytes()
    mark = b"IDAT" if before_samples else b"IEND"
    at = data.index(mark) - 4
    turned = chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    path.write_bytes(data[:at] + turned + data[at:])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turns_are_those_of_pillow(orientation: int) -> None:
    pixels: Any = (PICTURE // 256).astype(np.uint8)
    image = Image.fromarray(pixels)
    image.getexif()[ORIENTATION] = orientation
    expected = ImageOps.exif_transpose(image)
    np.testing.assert_array_equal(upright(pixels, orientation), np.asarray(expected))


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_numbers_that_mean_nothing_turn_nothing(orientation: int) -> None:
    np.testing.assert_array_equal(upright(PICTURE, orientation), PICTURE)


@pytest.mark.parametrize("before_samples", [True, False])
@pytest.mark.parametrize("orientation", [1, 2, 6, 8])
def test_16_bit_png(tmp_path: Path, orientation: int, before_samples: bool) -> None:
    path = tmp_path / "a.png"
    held_png(path, orientation, before_samples)
    planes = read_image(path)[0]
    np.testing.assert_array_equal(np.stack(planes, axis=-1), upright(PICTURE, orientation))


@pytest.mark.parametrize("tile", [None, (16, 16)])
@pytest.mark.parametrize("kind", ["uint16", "float32"])
def test_tiff(tmp_path: Path, kind: str, tile: tuple[int, int] | None) -> None:
    tifffile = pytest.importorskip("tifffile")
    samples = PICTURE if kind == "uint16" else (PICTURE / 65535).astype(np.float32)
    paths = [tmp_path / "turned.tif", tmp_path / "upright.tif"]
    tag = [(ORIENTATION, 3, 1, 6, True)]
    tifffile.imwrite(paths[0], samples, photometric="rgb", tile=tile, extratags=tag)
    tifffile.imwrite(paths[1], upright(samples, 6), photometric="rgb", tile=tile)
    turned, stored = (read_image(path)[0] for path in paths)
    for left, right in zip(turned, stored, strict=True):
        np.testing.assert_array_equal(left, right)


def test_what_states_nothing_or_cannot_be_read_is_as_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), PICTURE)
    assert orientation_of(path) == 1
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    assert orientation_of(path) == 1
    path.write_bytes(whole[:33] + chunk(b"eXIf", b"no tags at all") + whole[33:])
    assert orientation_of(path) == 1
    assert orientation_of(tmp_path / "missing.png") == 1


@pytest.mark.parametrize("pixel_format", ["rgb24", "rgb48le", "gbrp10le"])
@pytest.mark.parametrize(("code", "orientation"), enumerate((1, 2, 4, 3, 5, 6, 8, 7, 1)))
def test_dpx(tmp_path: Path, code: int, orientation: int, pixel_format: str) -> None:
    """Codes of SMPTE ST 268-1; 8 and above say nothing."""
    path = tmp_path / "a.dpx"
    noise = noise_frame("gbrp10le", (16, 8), 1)
    write_dpx(path, noise.reformat(format=pixel_format))
    stored = read_image(path)[0]
    data = bytearray(path.read_bytes())
    order = ">" if data[:4] == b"SDPX" else "<"
    struct.pack_into(order + "H", data, 768, code)
    struct.pack_into(order + "2I", data, 1628, 2, 1)
    path.write_bytes(data)
    turned = load_image(path)
    for left, right in zip(turned.planes, stored, strict=True):
        np.testing.assert_array_equal(left, upright(right, orientation))
    assert turned.sample_aspect == (Fraction(1, 2) if orientation > 4 else 2)
