"""Matting of pictures that are already in memory: an array in, its alpha out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from streammat.closing import Closes
from streammat.device import choose_device
from streammat.errors import ConfigError, InputError, ShapeError
from streammat.forked import begin_in_this_process
from streammat.matting.build import frame_matter
from streammat.matting.limits import check_levels, check_roi
from streammat.matting.smoothing import smoothing_strength
from streammat.matting.touch_up import TouchUp
from streammat.settings import MatteSettings
from streammat.types import Alpha, Frame
from streammat_kernels.bands import Bands
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer

if TYPE_CHECKING:
    from streammat_kernels.temporal import TemporalState

__all__ = ["ArrayMatter"]

_LAYOUT = PixelLayout(Family.RGB, 1, 1)
_COLOUR = Colour(full_range=True, transfer=Transfer.SRGB)
_TIME_BASE = Fraction(1, 1000)


class ArrayMatter(Closes):
    """Mattes one picture after the other: ``alpha, state = matter(rgb, state)``.

    All threads work on the one picture, for the shortest wait. Calls from several threads wait for
    each other; every stream has a state of its own.

    Args:
        settings: ``model``, ``device``, ``size``, ``strategy``, ``edges``, ``smooth``, ``threads``
            and the finesse settings are used; ``garbage`` and ``holdout`` need a clip and are
            refused.

    Raises:
        ConfigError: a setting that is unknown, out of range or needs a clip.
        DeviceUnavailable: the asked-for device is not there.
    """

    _open = False

    def __init__(self, settings: MatteSettings) -> None:
        if settings.garbage or settings.holdout:
            raise ConfigError("garbage and holdout files go with a clip: streammat.open(...).matte")
        if settings.roi == "auto":
            raise ConfigError("roi auto goes with a clip or a photo in a file: give X, Y, W, H")
        check_levels(settings)
        self.device = choose_device(settings.device, settings.threads)
        self._settings = settings
        self._strength = smoothing_strength(settings.smooth)
        self._finesse, self._touched = _finesse_options(settings), TouchUp()
        self._pool = ThreadPoolExecutor(self.device.threads, "streammat-bands")
        bands = Bands(self._pool, self.device.threads)
        self._bands = bands
        self._matter = frame_matter(settings, self.device, requests=1, bands=bands)
        self._planes = np.empty((3, 0, 0), np.uint8)
        self._one_at_a_time = threading.Lock()
        self._open = True

    def __call__(
        self, rgb: NDArray[np.uint8], state: TemporalState | None = None
    ) -> tuple[Alpha, TemporalState | None]:
        """The alpha of one picture.

        Args:
            rgb: (H, W, 3) uint8, sRGB or video R'G'B', 0..255; not changed.
            state: what the call for the previous picture of the stream returned; None for the first
                and after a seek. It is used up: ``copy.deepcopy`` it to come back to this moment. A
                cut or another size of picture starts afresh.

        Returns:
            alpha (H, W) uint16, 65535 = opaque, the caller's own; and the state for the next
            picture (None when smoothing is off).

        Raises:
            ShapeError: ``rgb`` is not (H, W, 3) uint8 with at least one pixel.
            ConfigError: ``roi`` is outside of the picture, ``state`` is none that a matter gave, or
                this process was forked from one that was at work.
            InputError: the matter was closed.
            EngineFileError: the model file is missing or damaged (at the first call).
        """
        begin_in_this_process()
        with self._one_at_a_time:
            if not self._open:
                raise InputError(
                    "this matter is closed: make another with streammat.create_matter()"
                )
            return self._alpha(rgb, state)

    def _alpha(
        self, rgb: NDArray[np.uint8], state: TemporalState | None
    ) -> tuple[Alpha, TemporalState | None]:
        frame = self._frame(rgb)
        _check_state(state)
        matter = self._matter
        matter.prepare(frame, 0)
        matter.submit(0)
        matter.wait(0)
        alpha: Alpha = np.empty(rgb.shape[:2], np.uint16)
        matter.alpha(frame, 0, alpha)
        state = self._smooth(frame, alpha, state)
        return self._touch_up(alpha), state

    def describe(self) -> str:
        """Model and size, e.g. ``gfm_lite0_tt 512x288``."""
        return self._matter.describe()

    def close(self) -> None:
        """Free the network and the threads; may be called again. Waits for a call under way."""
        with self._one_at_a_time:
            self._open = False
            self._matter.close()
        self._pool.shutdown()

    def _frame(self, rgb: NDArray[np.uint8]) -> Frame:
        given: Any = rgb
        if getattr(given, "dtype", None) != np.uint8 or given.ndim != 3 or given.shape[2] != 3:
            found = f"{getattr(given, 'dtype', type(given).__name__)} {np.shape(given)}"
            raise ShapeError(f"rgb is {found}: an array (H, W, 3) of uint8 0..255 is needed")
        if rgb.size == 0:
            raise ShapeError(f"rgb is {rgb.shape}: at least one pixel is needed")
        if self._planes.shape[1:] != rgb.shape[:2]:
            check_roi(self._settings, *rgb.shape[:2])
            self._planes = np.empty((3, *rgb.shape[:2]), np.uint8)
        np.copyto(self._planes, rgb.transpose(2, 0, 1))
        planes = (self._planes[0], self._planes[1], self._planes[2])
        return Frame(planes, _LAYOUT, _COLOUR, pts=0, time_base=_TIME_BASE, index=0)

    def _smooth(
        self, frame: Frame, alpha: Alpha, state: TemporalState | None
    ) -> TemporalState | None:
        if self._strength == 0:
            return None
        from streammat_kernels.temporal import smooth

        strength, bands = self._strength, self._bands
        return smooth(
            alpha, frame.planes, frame.layout, state, out=alpha, strength=strength, bands=bands
        )

    def _touch_up(self, alpha: Alpha) -> Alpha:
        if not self._finesse:
            return alpha
        touched: Alpha = self._touched(alpha, bands=self._bands, **self._finesse)
        return touched


def _check_state(state: object) -> None:
    if state is None:
        return
    from streammat_kernels.temporal import TemporalState

    if not isinstance(state, TemporalState):
        raise ConfigError(
            f"state is {type(state).__name__}: give what the call before returned, or None"
        )


def _finesse_options(settings: MatteSettings) -> dict[str, Any]:
    """The finesse settings that differ from doing nothing."""
    plain = MatteSettings()
    names = (
        "despeckle_px",
        "grow_px",
        "shrink_px",
        "feather_px",
        "clip_black",
        "clip_white",
        "roi",
    )
    chosen = {name: getattr(settings, name) for name in names}
    return {name: value for name, value in chosen.items() if value != getattr(plain, name)}
