"""Whole jobs over tiny files; a formula stands in for the network."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from streammat.matting import FixedMatter
from streammat.pipeline import JobReport, Progress, matte_file
from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import Alpha, Frame
from tests.clips import MadeClip


class Formula(FixedMatter):
    """The pixels of ``make_clip``'s subject are brighter than any of its background."""

    def __init__(self) -> None:
        super().__init__(_bright)

    def warm_up(self, height: int, width: int) -> None:
        del height, width


def _bright(frame: Frame) -> Alpha:
    return np.where(frame.planes[0] > 150, 65535, 0).astype(np.uint16)


@dataclass
class Read:
    """What a written video holds."""

    pictures: list[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]
    seconds: list[Fraction]
    audio: int


def read(path: Path, format_name: str = "rgb24") -> Read:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        return Read(
            [frame.to_ndarray(format=format_name).astype(np.uint8) for frame in frames],
            [Fraction(float(frame.time)).limit_denominator(90_000) for frame in frames],
            len(container.streams.audio),
        )


def run(
    clip: MadeClip,
    *outputs: str,
    settings: MatteSettings | None = None,
    notify: Callable[[str], None] | None = None,
    cancel: threading.Event | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> JobReport:
    requests = [request(output) for output in outputs]
    return matte_file(
        str(clip.path),
        requests,
        settings or MatteSettings(smooth="off", threads=2),
        notify=notify,
        cancel=cancel,
        on_progress=on_progress,
    )


def request(text: str) -> OutputRequest:
    kind, _, path = text.rpartition("=")
    return OutputRequest(path, OutputKind(kind) if kind else None)


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "in")
