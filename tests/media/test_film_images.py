"""EXR, DPX and TIFF as they are stored: every sample, and what their headers say."""

from __future__ import annotations

import struct
import sys
import zlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from streammat.errors import DependencyError, MediaError
from streammat.media.dpx_file import read_dpx_facts
from streammat.media.image_file import load_image
from streammat.media.layouts import views
from streammat.media.sink import open_sink
from streammat.media.timecode import timecode_text
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import Chromaticities
from streammat_kernels.layout import Family, Transfer
from streammat_kernels.light import reference
from tests.tolerances import ENCODE_TABLE, HALF_CODE

from .sources import noise_frame, read_source, write_dpx

OpenEXR = pytest.importorskip("OpenEXR")
tifffile = pytest.importorskip("tifffile")

ACES = (0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767)


def light(dtype: Any, shape: tuple[int, ...] = (9, 7, 3), seed: int = 0) -> NDArray[Any]:
    """Scene values from -0.5 to 20, and a few that are no numbers."""
    values = np.random.default_rng(seed).uniform(-0.5, 20.0, shape).astype(dtype)
    values.flat[:3] = np.inf, -np.inf, np.nan
    return values


def write_exr(path: Path, channels: dict[str, NDArray[Any]], **header: Any) -> None:
    base = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with OpenEXR.File(base | header, channels) as file:
        file.write(str(path))


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_exr_samples_come_back_as_stored(tmp_path: Path, dtype: Any) -> None:
    rgb = light(dtype)
    write_exr(tmp_path / "a.exr", {"RGB": rgb})
    image = load_image(tmp_path / "a.exr")
    assert image.scene is not None
    for c in range(3):
        assert image.scene[c].dtype == dtype
        np.testing.assert_array_equal(image.scene[c], rgb[..., c])
        codes = reference.encode(rgb[..., c], Transfer.SRGB)
        assert np.abs(image.planes[c] - codes).max() <= HALF_CODE + ENCODE_TABLE
    assert (image.layout.family, image.layout.bits) == (Family.RGB, 16)


def test_exr_layers_gray_and_alpha(tmp_path: Path) -> None:
    half = light(np.float16)
    write_exr(
        tmp_path / "layer.exr",
        {"beauty.RGB": half, "depth.Z": half[..., 0].astype(np.float32).copy()},
    )
    write_exr(tmp_path / "gray.exr", {"Y": half[..., 0].copy()})
    rgba = np.concatenate([half, np.full((9, 7, 1), 0.5, np.float16)], axis=2)
    write_exr(tmp_path / "alpha.exr", {"RGBA": rgba})
    layered, gray, alpha = (load_image(tmp_path / f"{n}.exr") for n in ("layer", "gray", "alpha"))
    assert layered.scene is not None
    np.testing.assert_array_equal(layered.scene[1], half[..., 1])
    assert (gray.layout.family, len(gray.planes)) == (Family.GRAY, 1)
    assert alpha.layout.alpha
    assert (alpha.planes[3] == 32768).all()


def test_exr_header_gives_time_code_and_chromaticities(tmp_path: Path) -> None:
    code = OpenEXR.TimeCode(1, 2, 3, 4, *[0] * 14)
    for number in (5, 6):
        path = tmp_path / f"s.{number:04}.exr"
        write_exr(path, {"RGB": light(np.float16)}, timeCode=code, chromaticities=ACES)
    info, frames, said = read_source(tmp_path / "s.%04d.exr", fps="24")
    assert info.timecode is not None
    assert timecode_text(info.timecode) == "01:02:03:04"
    assert info.chromaticities is not None
    assert np.allclose(info.chromaticities.red, ACES[:2])
    assert isinstance(info.chromaticities, Chromaticities)
    assert (info.rate, info.first_number, info.input_colour) == (Fraction(24), 5, "linear")
    assert all(frame.scene is not None and frame.view is not None for frame in frames)
    assert said == []


def test_exr_frame_rate_of_the_header_is_taken(tmp_path: Path) -> None:
    """As FFmpeg writes ``framesPerSecond``."""
    for number in (1, 2):
        with av.open(str(tmp_path / f"f.{number}.exr"), "w", format="image2") as out:
            stream = out.add_stream("exr", rate=Fraction(24000, 1001))
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = 8, 8, "gbrpf32le"
            frame = av.VideoFrame(8, 8, "gbrpf32le")
            out.mux([*stream.encode(frame), *stream.encode(None)])
    info, _, said = read_source(tmp_path / "f.%d.exr")
    assert info.rate == Fraction(24000, 1001)
    assert said == []


def test_exr_data_window_is_placed_into_the_display_window(tmp_path: Path) -> None:
    rgb = np.ones((2, 3, 3), np.float16)
    windows = {
        "dataWindow": ((2, 1), (4, 2)),
        "displayWindow": ((0, 0), (4, 3)),
    }
    as_arrays = {k: tuple(np.array(p, np.int32) for p in v) for k, v in windows.items()}
    write_exr(tmp_path / "w.exr", {"RGB": rgb}, **as_arrays)
    image = load_image(tmp_path / "w.exr")
    wanted = np.zeros((4, 5))
    wanted[1:3, 2:5] = 1
    assert image.scene is not None
    np.testing.assert_array_equal(image.scene[0], wanted)


def test_an_exr_without_colour_or_with_damage_is_refused(tmp_path: Path) -> None:
    write_exr(tmp_path / "z.exr", {"Z": light(np.float32)[..., 0].copy()})
    with pytest.raises(MediaError, match=r"no channels R, G, B or Y \(Z found\)"):
        load_image(tmp_path / "z.exr")
    (tmp_path / "bad.exr").write_bytes(b"\x76\x2f\x31\x01 no more")
    with pytest.raises(MediaError, match="not a readable EXR"):
        load_image(tmp_path / "bad.exr")


def test_an_exr_with_a_matte_alone_is_grey(tmp_path: Path) -> None:
    cover = np.linspace(-0.5, 1.5, 63, dtype=np.float32).reshape(9, 7)
    cover[0, 0] = np.nan
    for number, name in enumerate(("A", "mask.A")):
        path = tmp_path / f"a{number}.exr"
        write_exr(path, {name: cover})
        info, (frame,), said = read_source(path)
        assert (info.layout.family, info.layout.alpha, info.scene) == (Family.GRAY, False, False)
        wanted = np.rint(np.clip(np.nan_to_num(cover), 0, 1) * 65535)
        np.testing.assert_array_equal(frame.planes[0], wanted)
        assert said == [f"{path}: only channel {name}: taken as grey"]
    write_exr(tmp_path / "za.exr", {"A": cover, "Z": cover})
    with pytest.raises(MediaError, match=r"no channels R, G, B or Y \(A, Z found\)"):
        load_image(tmp_path / "za.exr")


def test_an_exr_that_is_cut_off_is_named_damaged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_exr(tmp_path / "a.exr", {"RGB": light(np.float16, (64, 64, 3))})
    data = (tmp_path / "a.exr").read_bytes()
    (tmp_path / "a.exr").write_bytes(data[: len(data) // 2])
    with pytest.raises(MediaError, match=r"not a readable EXR image \(damaged or cut off\)"):
        load_image(tmp_path / "a.exr")
    assert capsys.readouterr().out == "", "results and pictures go there"


def test_a_missing_library_is_named_with_its_install_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.exr").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "OpenEXR", None)
    with pytest.raises(DependencyError, match=r"pip install 'streammat\[film\]'"):
        load_image(tmp_path / "a.exr")


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_float_tiff_samples_come_back_as_stored(tmp_path: Path, dtype: Any) -> None:
    rgb = light(dtype)
    tifffile.imwrite(tmp_path / "f.tif", rgb, photometric="rgb")
    image = load_image(tmp_path / "f.tif")
    assert image.scene is not None
    for c in range(3):
        np.testing.assert_array_equal(image.scene[c], rgb[..., c])


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_16_bit_tiff_samples_come_back_as_stored(
    tmp_path: Path, compression: str | None, channels: int
) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (9, 7, channels), dtype=np.uint16)
    extra = {"extrasamples": ["unassalpha"]} if channels == 4 else {}
    stored = codes[..., 0] if channels == 1 else codes
    tifffile.imwrite(tmp_path / "u.tif", stored, compression=compression, **extra)
    image = load_image(tmp_path / "u.tif")
    assert image.layout.bits == 16
    assert all((image.planes[c] == codes[..., c]).all() for c in range(channels))


@pytest.mark.parametrize(
    "form",
    [
        {"tile": (16, 16)},
        {"tile": (16, 16), "compression": "zlib"},
        {"bigtiff": True},
        {"bigtiff": True, "planarconfig": "separate"},
    ],
    ids=str,
)
def test_tiled_and_big_tiffs_come_back_as_stored(tmp_path: Path, form: dict[str, Any]) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (40, 30, 3), dtype=np.uint16)
    stored = np.moveaxis(codes, 2, 0) if "planarconfig" in form else codes
    tifffile.imwrite(tmp_path / "u.tif", stored, photometric="rgb", **form)
    image = load_image(tmp_path / "u.tif")
    assert (image.layout.bits, image.scene) == (16, None)
    assert all((image.planes[c] == codes[..., c]).all() for c in range(3))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_tiff_whose_zero_is_white(tmp_path: Path, dtype: Any) -> None:
    codes = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 30), dtype=dtype)
    for name, form in (("plain", {}), ("tiled", {"tile": (16, 16)})):
        path = tmp_path / f"{name}.tif"
        tifffile.imwrite(path, codes, photometric="miniswhite", **form)
        np.testing.assert_array_equal(load_image(path).planes[0], ~codes)


def test_wide_integers_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "u.tif", np.zeros((8, 8, 3), np.uint32), photometric="rgb")
    with pytest.raises(MediaError, match="of uint32 samples; save it as uint16 or float"):
        load_image(tmp_path / "u.tif")


def test_the_alpha_of_a_float_tiff_has_no_curve(tmp_path: Path) -> None:
    half = np.full((8, 8, 4), 0.5, np.float32)
    for samples in (half, half[..., :2]):
        kind = "rgb" if samples.shape[2] == 4 else "minisblack"
        options = {"photometric": kind, "extrasamples": ["unassalpha"], "planarconfig": "contig"}
        tifffile.imwrite(tmp_path / "a.tif", samples, **options)
        assert (load_image(tmp_path / "a.tif").planes[-1] == 32768).all()


def test_a_small_big_tiff_of_8_bits_is_read(tmp_path: Path) -> None:
    codes = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    tifffile.imwrite(tmp_path / "u.tif", codes, photometric="rgb", bigtiff=True)
    assert (load_image(tmp_path / "u.tif").planes[0] == codes[..., 0]).all()


@pytest.mark.parametrize(("pixel_format", "bits"), [("gbrp10le", 10), ("gbrp12le", 12)])
def test_packed_dpx_samples_come_back_as_stored(
    tmp_path: Path, pixel_format: str, bits: int
) -> None:
    frame = noise_frame(pixel_format, (16, 8), 1)
    write_dpx(tmp_path / "a.dpx", frame)
    written, _ = views(frame, keep_alpha=True)
    image = load_image(tmp_path / "a.dpx")
    assert (image.layout.bits, image.layout.family) == (bits, Family.RGB)
    assert all((a == b).all() for a, b in zip(image.planes, written, strict=True))
    assert image.tags.full_range


def test_dpx_with_its_channels_in_reverse_order(tmp_path: Path) -> None:
    rgba = np.random.default_rng(0).integers(0, 256, (8, 16, 4), dtype=np.uint8)
    with av.open(str(tmp_path / "a.dpx"), "w", format="image2") as out:
        stream = out.add_stream("dpx", rate=24)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 16, 8, "abgr"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgba[..., ::-1]), format="abgr")
        out.mux([*stream.encode(frame), *stream.encode(None)])
    planes = load_image(tmp_path / "a.dpx").planes
    assert all((planes[c] == rgba[..., c]).all() for c in range(4))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_gray_with_alpha_comes_back_as_stored(tmp_path: Path, suffix: str) -> None:
    codes = np.random.default_rng(0).integers(0, 65536, (9, 7, 2), dtype=np.uint16)
    path = tmp_path / f"a{suffix}"
    if suffix == ".tif":
        tifffile.imwrite(path, codes, photometric="minisblack", extrasamples=["unassalpha"])
    else:
        rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in codes)
        head = struct.pack(">IIBBBBB", 7, 9, 16, 4, 0, 0, 0)
        chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks))
    image = load_image(path)
    assert (image.layout.family, image.layout.bits, image.layout.alpha) == (Family.GRAY, 16, True)
    assert all((image.planes[c] == codes[..., c]).all() for c in range(2))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def test_dpx_header_gives_rate_time_code_and_curve(tmp_path: Path) -> None:
    write_dpx(tmp_path / "d.0001.dpx", noise_frame("gbrp10le", (16, 8), 1))
    data = bytearray((tmp_path / "d.0001.dpx").read_bytes())
    order = ">" if data[:4] == b"SDPX" else "<"
    data[801] = 3
    struct.pack_into(order + "I", data, 1920, 0x01020304)
    struct.pack_into(order + "f", data, 1940, 23.976)
    for number in (1, 2):
        (tmp_path / f"d.{number:04}.dpx").write_bytes(data)
    facts = read_dpx_facts(tmp_path / "d.0001.dpx")
    assert (facts.rate, facts.timecode, facts.curve) == (
        Fraction(24000, 1001),
        "01:02:03:04",
        "cineon",
    )
    info, frames, said = read_source(tmp_path)
    assert (info.rate, info.frames) == (Fraction(24000, 1001), 2)
    assert any("--input-colour cineon" in line for line in said)
    assert frames[0].view is None
    _, frames, said = read_source(tmp_path, input_colour="cineon")
    assert frames[0].view is not None
    assert said == []


def test_a_float_source_says_what_an_integer_file_cannot_hold(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", {"RGB": light(np.float16)}, chromaticities=ACES)
    info, _, _ = read_source(tmp_path / "a.exr")
    said: list[str] = []
    for name, kind in (("a.png", OutputKind.RGBA), ("m.png", OutputKind.ALPHA)):
        request = OutputRequest(str(tmp_path / name), kind)
        open_sink(request, kind, info, MatteSettings(), notify=said.append).abort(partial=False)
    (line,) = said
    assert "a.png: holds the source's light within 0..1 only, in primaries of their own" in line


def test_a_composite_of_a_float_source_says_that_it_is_clipped(tmp_path: Path) -> None:
    write_exr(tmp_path / "a.exr", {"RGB": light(np.float16)})
    info, _, _ = read_source(tmp_path / "a.exr")
    said: list[str] = []
    for name, kind in (("c", OutputKind.COMPOSITE), ("f", OutputKind.FOREGROUND)):
        request = OutputRequest(str(tmp_path / f"{name}.exr"), kind)
        open_sink(request, kind, info, MatteSettings(), notify=said.append).abort(partial=False)
    (line,) = said
    assert "c.exr: holds the source's light within 0..1 only; rgba=NAME.exr keeps" in line


def test_what_an_exr_holds_besides_is_named(tmp_path: Path) -> None:
    half, more = light(np.float16), np.zeros((9, 7), np.float32)
    write_exr(tmp_path / "a.exr", {"RGB": half, "depth.Z": more, "crypto00.R": more})
    said = read_source(tmp_path / "a.exr")[2]
    assert any(line.endswith("left out of the source: crypto00.R, depth.Z") for line in said)
    write_exr(tmp_path / "b.exr", {"RGB": half, "A": half[..., 0]})
    assert not any("left out" in line for line in read_source(tmp_path / "b.exr")[2])
    window = ((1, 0), (6, 8))
    write_exr(tmp_path / "c.exr", {"RGB": half}, displayWindow=window)
    said = read_source(tmp_path / "c.exr")[2]
    assert any("left out of the source: what hangs over the display window" in s for s in said)


def test_the_beauty_layer_goes_before_others(tmp_path: Path) -> None:
    half = light(np.float16)
    names = [f"{layer}.{c}" for layer in ("albedo", "beauty") for c in "RGB"]
    write_exr(tmp_path / "a.exr", {name: half[..., 0] + at for at, name in enumerate(names)})
    scene = load_image(tmp_path / "a.exr").scene
    assert scene is not None
    np.testing.assert_array_equal(scene[1], half[..., 0] + names.index("beauty.G"))


def test_time_codes_above_30_frames_a_second_count_every_frame(tmp_path: Path) -> None:
    code = OpenEXR.TimeCode()
    code.hours, code.minutes, code.seconds, code.frame, code.fieldPhase = 10, 0, 0, 24, True
    write_exr(tmp_path / "a.exr", {"RGB": light(np.float16)}, timeCode=code, framesPerSecond=50.0)
    assert load_image(tmp_path / "a.exr").timecode == "10:00:00:49"
