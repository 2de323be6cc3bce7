"""The contact sheet: frame, alpha and composite at several moments, read from the files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from streammat.errors import MediaError

__all__ = ["Moment", "contact_sheet", "moments", "read_moments", "write_sheet"]

Bytes = NDArray[np.uint8]

_CELL_PX = 240  # width of a picture
_GAP_PX = 8
_CAPTION_PX = 26
_PAPER, _INK = (24, 24, 26), (226, 226, 226)
_CHECKER = (118, 150)  # two greys that neither dark nor light edges vanish in
_CHECKER_PX = 12
_DISPLAY_GAMMA = 2.2


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """One column of the sheet.

    Attributes:
        seconds: from the start of the clip.
        frame: (h, w, 3) of the source.
        rgb: (h, w, 3) of the result, straight.
        alpha: (h, w), 255 = opaque.
    """

    seconds: float
    frame: Bytes
    rgb: Bytes
    alpha: Bytes


def moments(duration_seconds: float, frame_seconds: float, count: int = 5) -> list[float]:
    """The middles of ``count`` equal parts, each a little before the frame that is on screen then.

    The reader begins with the first frame at or after a time; half a frame of slack absorbs the
    rounding of time bases.
    """
    if frame_seconds <= 0:
        return [0.0]
    middles = [duration_seconds * (2 * i + 1) / (2 * count) for i in range(count)]
    return [max(0.0, (t // frame_seconds - 0.5) * frame_seconds) for t in middles]


def read_moments(source: str, matte: str, times: Sequence[float], width_px: int) -> list[Moment]:
    """Read the source and the written RGBA file at each time, shrunk to ``width_px``.

    A time after the last frame (frames of uneven length) gives no column; the first always does.

    Raises:
        MediaError: one of the two cannot be read at all.
    """
    found: list[Moment] = []
    for seconds in times:
        try:
            frame, _ = _picture(source, seconds, width_px)
            rgb, alpha = _picture(matte, seconds, width_px)
        except MediaError:
            if not found:
                raise
            continue
        found.append(Moment(seconds, frame, rgb, alpha))
    return found


def _picture(path: str, seconds: float, width_px: int) -> tuple[Bytes, Bytes]:
    """RGB (h, w, 3) and alpha (h, w) of the frame at ``seconds``."""
    from streammat.media.reader import open_reader
    from streammat_kernels.colour import to_rgb

    with open_reader(
        path, start=seconds or None, limit=1, keep_alpha=True, notify=_quiet
    ) as reader:
        frame = next(iter(reader))
        rgb = _to_bytes(np.moveaxis(to_rgb(frame.planes, frame.layout, frame.colour), 0, -1))
        alpha = np.full(rgb.shape[:2], 255, np.uint8)
        if frame.layout.alpha:
            alpha = _to_bytes(frame.planes[-1], frame.layout.bits)
    size = (width_px, max(1, round(rgb.shape[0] * width_px / rgb.shape[1])))
    # Shrunk with premultiplied colours, so that what lies outside the subject does not bleed in.
    cut = Image.merge("RGBA", [*Image.fromarray(rgb).split(), Image.fromarray(alpha)])
    small = np.asarray(cut.resize(size, Image.Resampling.LANCZOS))
    whole = np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))
    return (small[..., :3] if frame.layout.alpha else whole), small[..., 3]


def _quiet(text: str) -> None:
    """Assumptions about these files were said when the clip was matted."""
    del text


def _to_bytes(samples: NDArray[Any], bits: int | None = None) -> Bytes:
    peak = (1 << bits) - 1 if bits else np.iinfo(samples.dtype).max
    scaled = samples if peak == 255 else np.rint(samples * (255.0 / peak))
    return np.ascontiguousarray(scaled, dtype=np.uint8)


def _over_checker(moment: Moment) -> Bytes:
    """The subject over a checkerboard, blended in linear light."""
    height, width = moment.alpha.shape
    y, x = np.mgrid[0:height, 0:width] // _CHECKER_PX
    board = np.where((x + y) % 2, *_CHECKER)[..., None] / 255.0
    alpha = moment.alpha[..., None] / 255.0
    front = (moment.rgb / 255.0) ** _DISPLAY_GAMMA
    light = front * alpha + board**_DISPLAY_GAMMA * (1 - alpha)
    return np.rint(255 * light ** (1 / _DISPLAY_GAMMA)).astype(np.uint8)


def contact_sheet(columns: Sequence[Moment]) -> Image.Image:
    """Rows frame, alpha, composite; one column a moment, its time above it."""
    height, width = columns[0].alpha.shape
    step_x, step_y = width + _GAP_PX, height + _GAP_PX
    left = 96
    size = (left + len(columns) * step_x, _CAPTION_PX + 3 * step_y)
    sheet = Image.new("RGB", size, _PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for row, name in enumerate(("frame", "alpha", "composite")):
        draw.text((10, _CAPTION_PX + row * step_y + height // 2), name, _INK, font, anchor="lm")
    for column, moment in enumerate(columns):
        x = left + column * step_x
        caption = f"{moment.seconds:.1f} s"
        draw.text((x + width // 2, _CAPTION_PX // 2), caption, _INK, font, anchor="mm")
        for row, cell in enumerate((moment.frame, moment.alpha, _over_checker(moment))):
            sheet.paste(Image.fromarray(cell), (x, _CAPTION_PX + row * step_y))
    return sheet


def write_sheet(path: Path, source: str, matte: str) -> None:
    """Read source and RGBA file at five moments and write the sheet as PNG, atomically.

    Raises:
        MediaError: one of the two cannot be read.
    """
    from streammat.media.reader import open_reader

    with open_reader(matte, notify=_quiet) as reader:
        info = reader.info
    duration_seconds = info.duration_seconds or 0.0
    frame_seconds = float(1 / info.rate) if info.rate else duration_seconds / (info.frames or 1)
    times = moments(duration_seconds, frame_seconds)
    columns = read_moments(source, matte, times, _CELL_PX)
    draft = path.with_name(f".{path.name}.part")
    contact_sheet(columns).save(draft, format="PNG", optimize=True)
    draft.replace(path)
