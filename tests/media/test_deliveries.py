"""Every delivery is written by a whole job and read back; README prints what was measured."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streammat.media.encodings import Encoding
from streammat.media.exr_light import scene_scale
from streammat.media.formats import video_encoding
from streammat.media.reader import open_reader
from streammat.settings import MatteSettings, OutputKind
from streammat.types import Frame
from streammat_kernels import colour as colour_ops
from streammat_kernels.colour.transfer import linear_table
from streammat_kernels.layout import Colour, Family, PixelLayout, Siting
from streammat_kernels.planes import empty_planes
from tests.clips import BT709, make_clip
from tests.tolerances import DELIVERY_ALPHA, DELIVERY_COLOUR

from .round_trip import (
    Planes,
    probe_by_ffprobe,
    ramp_alpha,
    read_animation,
    read_images,
    read_video,
    run_matte,
    tags_by_pyav,
    use_matter,
)
from .writing import packet_bytes

README = Path(__file__).resolve().parents[2] / "README.md"
BEGIN, END = "<!-- deliveries:begin -->", "<!-- deliveries:end -->"
STAMPS = [0, 40, 100, 130, 300, 340]  # ms
LOSSLESS = "lossless: equal bit for bit"


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table: how it is asked for, and why it may be off by how much."""

    title: str
    target: str
    codec: str
    source: str
    depth: int | None = None
    kind: str = "rgba"
    why: str = LOSSLESS
    limit: str = ""  # its own name among the tolerances

    @property
    def tolerance(self) -> float:
        return DELIVERY_COLOUR.get(self.limit or self.codec, 0.0)


RGB8, RGB16, YUV8, YUV10 = "bgr0", "gbrp16le", "yuv420p", "yuv422p10le"
CASES = [
    Case("ProRes 4444, 16-bit alpha", "o.mov", "prores", YUV10, why="as measured: 10-bit samples"),
    Case(
        "ProRes 422 HQ",
        "o.mov",
        "prores",
        YUV10,
        kind="composite",
        why="as measured: keeps to its rate",
        limit="prores_hq",
    ),
    Case("FFV1, 8 bits", "o.mkv", "ffv1", YUV8),
    Case("FFV1, 16 bits", "o.mkv", "ffv1", YUV8, depth=16),
    Case("QuickTime Animation", "o.mov", "qtrle", RGB8),
    Case("PNG in MOV, 8 bits", "o.mov", "png", RGB8),
    Case("PNG in MOV, 16 bits", "o.mov", "png", RGB16),
    Case("CineForm, 12 bits", "o.mov", "cineform", RGB16, why="as measured: wavelets"),
    Case("VP9 with alpha", "o.webm", "vp9", YUV8, why="as measured: crf 24"),
    Case(
        "animated WebP",
        "o.webp",
        "webp",
        RGB8,
        why="as measured: quality 90; colours that alpha hides are not kept",
    ),
    Case("PNG sequence, 8 bits", "o/%05d.png", "png", RGB8),
    Case("PNG sequence, 16 bits", "o/%05d.png", "png", RGB16),
    Case("TIFF sequence, 16 bits", "o/%05d.tif", "tiff", RGB16),
    Case(
        "EXR sequence, half",
        "o/%04d.exr",
        "exr",
        RGB16,
        why="half has 11 bits; an alpha by itself is float",
    ),
    Case("H.264", "o.mp4", "h264", YUV8, kind="composite", why="as measured: crf 16"),
    Case("HEVC Main10", "o.mp4", "hevc", YUV10, 10, "composite", "as measured: crf 17"),
    Case("AV1, 10 bits", "o.mkv", "av1", YUV10, 10, "composite", "as measured: crf 28"),
]


@dataclass(frozen=True, slots=True)
class Row:
    """What came back."""

    case: Case
    alpha: float | None
    colour: float

    def text(self) -> str:
        alpha = "" if self.alpha is None else _percent(self.alpha)
        return (
            f"| {self.case.title} | `--codec {self.case.codec}` {Path(self.case.target).suffix} "
            f"| {alpha} | {_percent(self.colour)} | {_percent(self.case.tolerance)} "
            f"| {self.case.why} |"
        )


def _percent(share: float) -> str:
    return "0" if share == 0 else f"{share * 100:.2f} %"


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return {}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_a_delivery_is_read_back_as_it_was_drawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: dict[str, Row], case: Case
) -> None:
    use_matter(monkeypatch, ramp_alpha)
    made = make_clip(
        tmp_path / "in.mkv", codec="ffv1", pix_fmt=case.source, pts=STAMPS, audio=True,
        tags=None if case.source in {RGB8, RGB16} else BT709, size=(96, 64),
    )  # fmt: skip
    (tmp_path / "o").mkdir()
    target = tmp_path / case.target
    settings: dict[str, Any] = {
        "codec": case.codec, "depth": case.depth, "foreground": "source", "background": "#204060",
    }  # fmt: skip
    if case.kind == "composite":
        use_matter(monkeypatch, lambda frame: np.full_like(ramp_alpha(frame), 65535))
    run_matte(made.path, f"{case.kind}={target}", **settings)
    row = _measure(case, made.path, target, settings)
    rows[case.title] = row
    assert row.colour <= case.tolerance
    assert (row.alpha or 0.0) <= DELIVERY_ALPHA.get(case.codec, 0.0)
    assert "streammat " in _comment(target), "what made it is written in every file"
    if target.parent.name != "o":
        _check_file(case, made.path, target)


def test_readme_prints_this_table(rows: dict[str, Row]) -> None:
    """Titles, tolerances and reasons word by word; errors where nothing may be lost."""
    if os.environ.get("STREAMMAT_WRITE_TABLES") == "1":
        _write_readme([rows[case.title] for case in CASES])
    printed = [
        line for line in _block().splitlines() if line.startswith("| ") and "---" not in line
    ][1:]
    assert len(printed) == len(CASES)
    for line, case in zip(printed, CASES, strict=True):
        row = rows.get(case.title)
        if row is None:
            continue  # a part of the suite was asked for
        cells, wanted = (re.split(r" *\| *", text) for text in (line, row.text()))
        assert [cells[i] for i in (1, 2, 5, 6)] == [wanted[i] for i in (1, 2, 5, 6)]
        for place in (3, 4):
            assert (cells[place] in {"0", ""}) == (wanted[place] in {"0", ""})


def _measure(case: Case, source: Path, target: Path, settings: dict[str, Any]) -> Row:
    with open_reader(source) as reader:
        info, frames = reader.info, list(reader)
        frames = [_held(frame) for frame in frames]
    kind = OutputKind(case.kind)
    if case.codec in {"tiff", "exr"} or target.parent.name == "o":
        drawn = _image_encoding(info.layout.bits)
        found = read_images(sorted(target.parent.iterdir()))
    else:
        drawn = video_encoding(str(target), kind, info, MatteSettings(**settings))
        found = read_animation(target)[0] if case.codec == "webp" else read_video(target)[0]
    assert len(found) == len(frames)
    worst_alpha, worst_colour = 0.0, 0.0
    for frame, planes in zip(frames, found, strict=True):
        alpha, colour = _errors(case, frame, drawn, planes)
        worst_alpha, worst_colour = max(worst_alpha, alpha), max(worst_colour, colour)
    return Row(case, worst_alpha if kind is OutputKind.RGBA else None, worst_colour)


def _held(frame: Frame) -> Frame:
    return replace(frame, planes=tuple(plane.copy() for plane in frame.planes))


def _image_encoding(bits: int) -> Encoding:
    layout = PixelLayout(Family.RGB, 1, 1, 16 if bits > 8 else 8, alpha=True)
    return Encoding("image2", "", "", layout, Colour(full_range=True, siting=Siting.CENTER), "")


def _errors(case: Case, frame: Frame, drawn: Encoding, planes: Planes) -> tuple[float, float]:
    """Largest difference of alpha and of a colour sample, as a share of full scale."""
    layout = replace(drawn.layout, alpha=False)
    true_alpha = ramp_alpha(frame)
    target_colour = drawn.colour
    if frame.layout.family is Family.RGB:
        target_colour = replace(target_colour, transfer=frame.colour.transfer)
    wanted = empty_planes(layout, frame.height, frame.width)
    colour_ops.convert(frame.planes, frame.layout, frame.colour, layout, target_colour, wanted)
    if case.codec == "exr":
        return _exr_errors(frame, wanted, true_alpha, planes)
    full = (1 << drawn.layout.bits) - 1
    top = _top(planes, drawn, case)
    counts = true_alpha > 0 if case.codec == "webp" else np.ones_like(true_alpha, bool)
    colour = max(
        float(np.abs(a / full - b / top)[_like(counts, a)].max())
        for a, b in zip(wanted, planes[:3], strict=True)
    )
    if case.kind != "rgba":
        return 0.0, colour
    code = np.rint(true_alpha / 65535 * full)
    return float(np.abs(code / full - planes[3] / top).max()), colour


def _like(counts: NDArray[np.bool_], plane: NDArray[Any]) -> NDArray[np.bool_]:
    """For a plane of fewer samples everything counts."""
    return counts if counts.shape == plane.shape else np.ones(plane.shape, bool)


def _top(planes: Planes, drawn: Encoding, case: Case) -> int:
    """Full scale of what was read: ProRes 4444 comes back with 12 bits."""
    return 4095 if case.codec == "prores" and drawn.layout.alpha else (1 << drawn.layout.bits) - 1


def _exr_errors(
    frame: Frame, wanted: Any, true_alpha: NDArray[np.uint16], planes: Planes
) -> tuple[float, float]:
    cover = true_alpha / 65535.0
    light = linear_table(frame.colour.transfer, 16) * scene_scale(frame.colour.transfer)
    colour = max(
        float(np.abs(light[plane] * cover - found.astype(np.float64)).max())
        for plane, found in zip(wanted, planes[:3], strict=True)
    )
    assert all((plane.astype(np.float64) <= cover + 2e-7).all() for plane in planes[:3])
    return float(np.abs(np.rint(planes[3] * 65535.0) - true_alpha).max()), colour


def _check_file(case: Case, source: Path, target: Path) -> None:
    """Times, tags by two readers, sound."""
    seconds = [Fraction(stamp, 1000) for stamp in STAMPS]
    if case.codec == "webp":
        assert read_animation(target)[1] == seconds
        return
    assert read_video(target)[1] == seconds
    tags = tags_by_pyav(target)
    if case.codec in {"qtrle", "png", "cineform"}:
        assert tags[:3] == (1, 13, 0)  # an untagged RGB source is sRGB
    else:
        assert tags == (1, 1, 1, 1)
    if shutil.which("ffprobe"):
        assert _tags_by_ffprobe(target) == tags
    with av.open(str(target)) as container:
        name = container.streams.audio[0].codec_context.codec.canonical_name
    if name == "aac":
        sent = packet_bytes(source)
        got = packet_bytes(target)
        assert got in (sent, sent[1:])  # Matroska leaves out what lies before 0
    else:
        assert target.suffix == ".webm"


def _comment(target: Path) -> str:
    """The line about model and settings, wherever the format keeps it."""
    path = target if target.parent.name != "o" else min(target.parent.iterdir())
    if path.suffix == ".exr":
        import OpenEXR

        with OpenEXR.File(str(path)) as file:
            return str(file.header()["comments"])
    if path.suffix in {".webp", ".tif", ".png"}:
        with Image.open(path) as image:
            image.load()
            texts = [image.info.get("xmp", b"").decode(), image.info.get("comment", "")]
            return " ".join([*texts, str(getattr(image, "tag_v2", {}).get(270, ""))])
    with av.open(str(path)) as container:
        return " ".join(container.metadata.values())


def _tags_by_ffprobe(path: Path) -> tuple[int, ...]:
    entries = "stream=color_range,color_space,color_transfer,color_primaries"
    told = probe_by_ffprobe(path, entries)["streams"][0]
    words = [told.get(f"color_{name}", "") for name in ("primaries", "transfer", "space")]
    codes = [{"bt709": 1, "iec61966-2-1": 13, "gbr": 0}[word] for word in words]
    return (*codes, {"tv": 1, "pc": 2}.get(told.get("color_range", ""), 0))


def _block() -> str:
    text = README.read_text(encoding="utf-8")
    assert BEGIN in text, "README has no table of deliveries"
    return text.split(BEGIN, 1)[1].split(END, 1)[0]


def _write_readme(rows: list[Row]) -> None:
    head = [
        "| delivery | how | alpha off by | colour off by | allowed | why |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN, 1)
    after = rest.split(END, 1)[1]
    table = "\n".join([*head, *(row.text() for row in rows)])
    README.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
