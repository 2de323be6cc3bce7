"""What the chosen settings of encoders save: bytes, quality and CPU time beside the usual ones.

``python -m benchmarks encoders [--frames N] [--json FILE]``. The same pictures, 1080p with grain,
go by turns through the encoder as a job starts it and as FFmpeg's users usually do: x264 and x265
with the preset medium at crf 18, prores_ks with its search for quantisers. PSNR is that of luma
against the pictures that were handed over.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from streammat.media.encodings import Encoding
from streammat.media.formats import video_encoding
from streammat.media.layouts import views
from streammat.media.reader import open_reader
from streammat.settings import MatteSettings, OutputKind

from .clips import scaled_sample
from .media import Case, prepared, quiet
from .record import LoadMeter, Spread, write_result

_RATE = Fraction(25)


@dataclass(frozen=True, slots=True)
class Pair:
    """A delivery, and the codec and options that it is compared with."""

    case: Case
    usual_codec: str
    usual: Mapping[str, str]


_MEDIUM = {"preset": "medium", "crf": "18"}
PAIRS = (
    Pair(Case("H.264", "o.mp4", OutputKind.COMPOSITE), "libx264", _MEDIUM),
    Pair(Case("HEVC", "o.mp4", OutputKind.COMPOSITE, "hevc"), "libx265", _MEDIUM),
    Pair(Case("ProRes 4444 with alpha", "o.mov"), "prores_ks", {"profile": "4444"}),
    Pair(Case("ProRes 422 HQ", "o.mov", OutputKind.COMPOSITE), "prores_ks", {"profile": "hq"}),
)


def _encode(
    encoding: Encoding, codec: str, options: Mapping[str, str], drawn: Sequence[Any], size: Any
) -> tuple[bytes, float]:
    """The file, and CPU seconds of encoding it."""
    file = io.BytesIO()
    with av.open(file, "w", format="mov") as out:
        stream = out.add_stream(codec, rate=_RATE)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.pix_fmt = encoding.pixel_format
        stream.codec_context.options = dict(options)
        spent = 0.0
        for number, planes in enumerate(drawn):
            picture = av.VideoFrame(size[0], size[1], encoding.pixel_format)
            for target, plane in zip(views(picture, keep_alpha=True)[0], planes, strict=True):
                target[...] = plane
            picture.pts, picture.time_base = number, 1 / _RATE
            spent -= time.process_time()
            out.mux(stream.encode(picture))
            spent += time.process_time()
        spent -= time.process_time()
        out.mux(stream.encode(None))
        spent += time.process_time()
    return file.getvalue(), spent


def _luma_psnr(file: bytes, encoding: Encoding, drawn: Sequence[Any]) -> float:
    """Decibels below full scale, over all pictures."""
    full, error = (1 << encoding.layout.bits) - 1, 0.0
    with av.open(io.BytesIO(file), "r") as source:
        for frame, planes in zip(source.decode(video=0), drawn, strict=True):
            same: NDArray[Any] = views(frame.reformat(format=encoding.pixel_format))[0][0]
            error += float(np.square(same.astype(np.float64) - planes[0]).mean()) / len(drawn)
    return math.inf if error == 0 else 10 * math.log10(full**2 / error)


def run_pair(pair: Pair, clip: Path, folder: Path, frames: int, repeats: int) -> dict[str, Any]:
    """Both by turns."""
    settings = MatteSettings(
        overwrite=True, codec=pair.case.codec, foreground="source", limit=frames
    )
    drawn = prepared(clip, pair.case, settings, folder)
    with open_reader(clip, limit=1, notify=quiet) as reader:
        info = reader.info
    encoding = video_encoding(pair.case.target, pair.case.kind, info, settings)
    ways = {
        "ours": (encoding.codec, encoding.options),
        "usual": (pair.usual_codec, _usual_options(pair, encoding)),
    }
    spent: dict[str, list[float]] = {name: [] for name in ways}
    files: dict[str, bytes] = {}
    with LoadMeter() as meter:
        for _ in range(repeats):
            for name, (codec, options) in ways.items():
                gc.collect()
                files[name], seconds = _encode(
                    encoding, codec, options, drawn, (info.width, info.height)
                )
                spent[name].append(seconds / frames * 1e3)
    row: dict[str, Any] = {"case": pair.case.name, "frames": frames}
    for name in ways:
        row[f"{name}_cpu_ms"] = Spread.of(spent[name])
        row[f"{name}_kb"] = round(len(files[name]) / frames / 1e3, 1)
        row[f"{name}_psnr"] = round(_luma_psnr(files[name], encoding, drawn), 2)
    row["foreign_cpu_share"] = round(meter.load.foreign_cpu_share, 3)
    row["valid"] = meter.load.valid
    return row


def _usual_options(pair: Pair, encoding: Encoding) -> dict[str, str]:
    """What only says how to print and how deep alpha is stays as it is."""
    kept = {k: v for k, v in encoding.options.items() if k in {"alpha_bits", "x265-params"}}
    return kept | dict(pair.usual)


def main(arguments: list[str]) -> int:
    """Command line of this benchmark."""
    parser = argparse.ArgumentParser(prog="benchmarks encoders", description=__doc__)
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        clip = scaled_sample(Path(name), 1920, 1080, options.frames)
        for pair in PAIRS:
            rows.append(run_pair(pair, clip, Path(name), options.frames, options.repeats))
            print(json.dumps(rows[-1], default=asdict))
    write_result(options.json, "encoders", rows)
    return 0
