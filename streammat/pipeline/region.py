"""``roi = auto``: where the subject keeps to, found by reading the source once before the job."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager

import numpy as np

from streammat.errors import ConfigError
from streammat.matting import CloserMatter
from streammat.matting.extent import Extent
from streammat.matting.sizes import working_area
from streammat.matting.window import Rect, window_of
from streammat.media.reader import Reader
from streammat.media.stdin import STDIN
from streammat.settings import MatteSettings
from streammat.types import Alpha, Frame, StreamInfo

__all__ = ["check_region", "closer_note", "cut_note", "look_closer", "subject_region"]

LOOKS = 24  # in short clips; in long ones two a second
_SECONDS = 0.5
_SMALL_PART = 0.6  # of the picture: what is worth a hint
_FINER = 2.0  # of the network's pixels: a picture with fewer has little to look closer at

OpenReader = Callable[[], AbstractContextManager[Reader]]


def check_region(source: str, settings: MatteSettings) -> None:
    """Refuse what cannot be looked through before.

    Raises:
        ConfigError: the source is a pipe.
    """
    if settings.roi == "auto" and source == STDIN:
        raise ConfigError("--roi auto reads the source twice, a pipe cannot: give X,Y,W,H")


def look_closer(
    matter: CloserMatter,
    source: str,
    open_reader: OpenReader,
    notify: Callable[[str], None],
    cancel: threading.Event | None = None,
) -> None:
    """Let ``matter`` look where the subject of ``source`` keeps to.

    Args:
        matter: whatever it looked at before, it sees whole frames while the search lasts.
        source: for messages.
        open_reader: of the frames that the job is going to read.
        notify: gets a line before, and one about what was found.
        cancel: ends it early; what was seen until then counts.

    """
    matter.look_at(None)
    with open_reader() as reader:
        info = reader.info
        if not info.still:
            notify(f"{source}: looking for the subject (the clip is read once before)")
        step = max(1, round(float(info.rate or 25) * _SECONDS))
        if info.frames:
            step = min(step, max(1, info.frames // LOOKS))
        chosen = (frame for number, frame in enumerate(reader) if number % step == 0)
        region = subject_region(matter, _until(chosen, cancel))
    matter.look_at(region)
    matter.warm_up(info.height, info.width)
    if matter.window is None:
        notify(f"{source}: --roi auto looks at whole frames: {_why(region)}")


def cut_note(matter: object) -> str:
    """One line for the user when something was cut off that no look had seen, else empty."""
    if not isinstance(matter, CloserMatter) or not matter.cut_frames:
        return ""
    return (
        f"in {matter.cut_frames} frames something solid reaches beyond what was looked at "
        f"({matter.describe()}): look at them, and give --roi X,Y,W,H if it belongs to the subject"
    )


def subject_region(matter: CloserMatter, frames: Iterable[Frame]) -> Rect | None:
    """X, Y, W, H that hold the subject in every frame; None where no frame has one."""
    extent, slot = Extent(), matter.slots[0]
    for frame in frames:
        alpha: Alpha = np.empty((frame.height, frame.width), np.uint16)
        matter.prepare(frame, slot)
        matter.submit(slot)
        matter.wait(slot)
        matter.alpha(frame, slot, alpha)
        extent.add(alpha)
    return extent.rect()


def closer_note(extent: Extent, info: StreamInfo, settings: MatteSettings) -> str:
    """One line for the user when a closer look would have shown more, else empty."""
    window = window_of(extent.rect(), info.height, info.width)
    pixels = info.height * info.width
    if settings.roi is not None or info.still or window is None:
        return ""
    small = window.height * window.width <= _SMALL_PART * pixels
    if not small or pixels < _FINER * working_area(settings.size):
        return ""
    return (
        f"the subject keeps to {window.width}x{window.height} at {window.left},{window.top} of "
        f"{info.width}x{info.height}: --roi auto looks closer, for finer edges"
    )


def _until(frames: Iterable[Frame], cancel: threading.Event | None) -> Iterator[Frame]:
    for frame in frames:
        if cancel is not None and cancel.is_set():
            return
        yield frame


def _why(region: Rect | None) -> str:
    return "no subject was found" if region is None else "the subject is all over them"
