"""A matter that looks at a window of each frame: closer, for the same work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from streammat.matting.device_network import DeviceNetwork, RunsOnDevice
from streammat.matting.gfm import GfmMatter
from streammat.matting.still import StillMatter
from streammat.matting.window import Rect, Window, window_of
from streammat.types import Alpha, Frame

__all__ = ["CloserMatter"]

_SOLID = 32768


class CloserMatter:
    """A `FrameMatter` that gives another one the window of each frame that ``roi`` means.

    Alpha is 0 outside the window. Frames for which a window is no closer look go as they are.

    Args:
        matter: closed with this one.
        roi: X, Y, W, H of what is wanted; see `window_of`. None is everything.

    Attributes:
        cut_frames: how many alphas were solid at a border of the window within the frame.
    """

    def __init__(self, matter: GfmMatter | StillMatter, roi: Rect | None) -> None:
        self.matter = matter
        self._roi = roi
        self._size = (0, 0)
        self._window: Window | None = None
        self.cut_frames = 0

    def look_at(self, roi: Rect | None) -> None:
        """Something else is wanted from the next frame on."""
        self._roi, self._size, self._window = roi, (0, 0), None
        self.cut_frames = 0

    @property
    def window(self) -> Window | None:
        """Where it looks in frames of the last size; None is everywhere."""
        return self._window

    @property
    def requests(self) -> int:
        """See `FrameMatter.requests`."""
        return self.matter.requests

    @property
    def slots(self) -> Sequence[int]:
        """See `FrameMatter.slots`."""
        return self.matter.slots

    def warm_up(self, height: int, width: int) -> None:
        """Build the engine for frames of this size, as of the other matter."""
        window = self._of_size(height, width)
        self.matter.warm_up(*(window.height, window.width) if window else (height, width))

    def prepare(self, frame: Frame, slot: int) -> None:
        """See `FrameMatter.prepare`."""
        self.matter.prepare(self._part(frame), slot)

    def submit(self, slot: int) -> None:
        """See `FrameMatter.submit`."""
        self.matter.submit(slot)

    def wait(self, slot: int) -> None:
        """See `FrameMatter.wait`."""
        self.matter.wait(slot)

    def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
        """See `FrameMatter.alpha`."""
        window = self._of_size(frame.height, frame.width)
        if window is None:
            self.matter.alpha(frame, slot, out)
            return
        out.fill(0)
        part = window.within(out)
        self.matter.alpha(window.of(frame), slot, part)
        self.cut_frames += _is_cut(part, window, frame)

    def device_network(self) -> DeviceNetwork | None:
        """The other matter's network and the window of frames of the last size; `RunsOnDevice`."""
        if not isinstance(self.matter, RunsOnDevice):
            return None
        network = self.matter.device_network()
        return None if network is None else replace(network, window=self._window)

    def describe(self) -> str:
        """Model, size of the network, and where it looks."""
        seen = self.matter.describe()
        window = self._window
        if window is None:
            return seen
        return f"{seen} of {window.width}x{window.height} at {window.left},{window.top}"

    def close(self) -> None:
        """Free the network; may be called again."""
        self.matter.close()

    def _part(self, frame: Frame) -> Frame:
        window = self._of_size(frame.height, frame.width)
        return frame if window is None else window.of(frame)

    def _of_size(self, height: int, width: int) -> Window | None:
        if self._size != (height, width):
            self._size = height, width
            self._window = window_of(self._roi, height, width)
        return self._window


def _is_cut(part: Alpha, window: Window, frame: Frame) -> bool:
    """Whether something solid reaches a border of the window that is none of the frame."""
    inner = (
        (window.top > 0, part[0]),
        (window.left > 0, part[:, 0]),
        (window.top + window.height < frame.height, part[-1]),
        (window.left + window.width < frame.width, part[:, -1]),
    )
    return any(within and int(samples.max()) >= _SOLID for within, samples in inner)
