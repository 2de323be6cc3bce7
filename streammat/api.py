"""The Python API: a clip's mattes one by one, and the alpha of a picture in memory.

A clip on disk; every frame's alpha is (H, W) uint16, 65535 = opaque, and keeps its time stamp:

>>> import streammat
>>> for m in streammat.open("in.mp4").matte(size="fast", limit=3):
...     print(m.index, m.alpha.shape, m.alpha.dtype, float(m.pts * m.time_base))
0 (90, 160) uint16 0.0
1 (90, 160) uint16 0.04
2 (90, 160) uint16 0.08

Pictures in memory, (H, W, 3) uint8; the state carries the smoothing from one to the next:

>>> import numpy as np
>>> rgb = np.zeros((90, 160, 3), np.uint8)
>>> matter = streammat.create_matter(size="fast")
>>> alpha, state = matter(rgb, None)
>>> alpha, state = matter(rgb, state)
>>> alpha.shape, alpha.dtype
((90, 160), dtype('uint16'))
>>> matter.close()
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from streammat.errors import ConfigError, MediaError
from streammat.settings import MatteSettings
from streammat.types import Matte, StreamInfo

if TYPE_CHECKING:
    from streammat.matting.arrays import ArrayMatter

__all__ = ["Clip", "ClipOptions", "MatterOptions", "SourceOptions", "create_matter", "open"]


class MatterOptions(TypedDict, total=False):
    """What a matte of pictures in memory depends on; named as in `MatteSettings`."""

    model: str
    device: str
    size: str
    strategy: str
    edges: str
    smooth: str | float
    despeckle_px: float
    grow_px: float
    shrink_px: float
    feather_px: float
    clip_black: float
    clip_white: float
    roi: tuple[int, int, int, int] | Literal["auto"] | None
    threads: int | None


class SourceOptions(TypedDict, total=False):
    """What a file does not say about itself; named as in `MatteSettings`."""

    fps: str | None
    missing: Literal["error", "hold", "black"]
    raw_input: str | None
    input_colour: str | None


class ClipOptions(MatterOptions, total=False):
    """What a clip's matte depends on; named as in `MatteSettings`."""

    garbage: str | None
    holdout: str | None
    start: str | float | None
    end: str | float | None
    frames: str | None
    limit: int | None
    strict: bool


_SOURCE = tuple(SourceOptions.__optional_keys__)


class Clip:
    """A video, an image or an image sequence on disk; pickled, it is the path and what was told.

    Attributes:
        path: as given.
        info: size, rate, colour and the other facts of its video stream.
        lost_frames: how many the latest run of ``matte`` could not decode, so far.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        notify: Callable[[str], None],
        source: MatteSettings | None = None,
    ) -> None:
        from streammat.media.notices import Notices
        from streammat.media.reader import open_source

        self.path = os.fspath(path)
        self.lost_frames = 0
        self._notify: Callable[[str], None] = Notices(notify).line
        self._source = source or MatteSettings()
        with open_source(self.path, self._source, None, self._notify) as reader:
            self.info: StreamInfo = reader.info

    def matte(
        self, settings: MatteSettings | None = None, **options: Unpack[ClipOptions]
    ) -> Generator[Matte, None, None]:
        """Matte the clip, frame by frame in order; several frames are under way at a time.

        Leaving the loop early, or ``close()``, ends what is under way and closes the file. Each
        call starts a new run over the clip.

        Args:
            settings: to start from, for example of a preset; None means the defaults. What they
                say of the source (``fps``, ``missing``, ``raw_input``, ``input_colour``) has to be
                what `open` was told.
            **options: changes to them, named as in `MatteSettings` (``size="fast"``,
                ``smooth="off"``, ``grow_px=1.5``, ``start="0:10"``, ``limit=100`` ...).

        Yields:
            `Matte`: ``alpha`` (H, W) uint16, 65535 = opaque, yours to keep; ``pts`` in units of
            ``time_base``; ``frame``, the plate; ``cut``, whether smoothing started afresh.

        Raises:
            ConfigError: a setting that is unknown or out of range.
            DeviceUnavailable: the asked-for device is not there.
            MediaError: the clip, a garbage or a holdout file cannot be read, or the clip holds
                nothing within the selection.
        """
        from streammat.matting import with_strategy
        from streammat.pipeline.pull import clip_mattes

        chosen = _settings_from(settings, dict(options), ClipOptions)
        chosen = with_strategy(self._of_source(chosen), self.info)
        return clip_mattes(self.path, self.info, chosen, self._notify, self._count_lost)

    def _of_source(self, settings: MatteSettings) -> MatteSettings:
        """The settings with what `open` was told of the source.

        Raises:
            ConfigError: they say something else of it, which would be lost.
        """
        plain, told = MatteSettings(), {name: getattr(self._source, name) for name in _SOURCE}
        others = {name: getattr(settings, name) for name in _SOURCE}
        for name in sorted(_SOURCE):
            if others[name] not in {getattr(plain, name), told[name]}:
                raise ConfigError(
                    f"{name} {others[name]!r} is told of the source, and {self.path} was opened "
                    f"with {told[name]!r}: streammat.open(..., {name}={others[name]!r})"
                )
        return replace(settings, **told)

    def _count_lost(self, frames: int) -> None:
        self.lost_frames = frames

    def __repr__(self) -> str:
        return f"Clip({self.path!r}, {self.info.width}x{self.info.height})"


def open(
    path: str | os.PathLike[str],
    *,
    notify: Callable[[str], None] | None = None,
    **source: Unpack[SourceOptions],
) -> Clip:
    """Open a video, an image, a folder of images, ``NAME.%05d.png`` or a glob.

    Args:
        path: of the clip.
        notify: gets one line for every assumption that has to be made about the file (colour tags,
            interlacing ...); None prints them to stderr.
        **source: what the file does not say about itself: ``fps`` of a numbered sequence,
            ``missing`` frames, ``raw_input`` of headerless video, ``input_colour``.

    Raises:
        ConfigError: an option that is unknown or does not go with this source.
        MediaError: missing, no video, or nothing to decode.
    """
    from streammat.media.notices import to_stderr

    settings = _settings_from(None, dict(source), SourceOptions)
    if not os.fspath(path):
        raise MediaError("the path is empty: name a video, an image or images")
    return Clip(os.fspath(path), notify or to_stderr, settings)


def create_matter(
    settings: MatteSettings | None = None, **options: Unpack[MatterOptions]
) -> ArrayMatter:
    """A callable for pictures in memory: ``alpha, state = matter(rgb, state)``.

    Args:
        settings: to start from; None means the defaults.
        **options: changes to them, named as in `MatteSettings`.

    Returns:
        See `streammat.matting.arrays.ArrayMatter`; it is a context manager.

    Raises:
        ConfigError: a setting that is unknown or out of range.
        DeviceUnavailable: the asked-for device is not there.
    """
    from streammat.matting.arrays import ArrayMatter

    return ArrayMatter(_settings_from(settings, dict(options), MatterOptions))


def _settings_from(
    base: MatteSettings | None, options: Mapping[str, Any], allowed: type[Any]
) -> MatteSettings:
    """``base`` (or the defaults) with ``options`` over it.

    Numbers are taken where a setting is written as text (``smooth=0.5``, ``start=12.5``).

    Raises:
        ConfigError: an option that ``allowed`` does not name, or a value that is not allowed.
    """
    from streammat.config.given import checked_settings

    if not isinstance(base, MatteSettings | None):
        raise ConfigError(f"settings is {base!r}: give streammat.MatteSettings(...), or size=...")
    names = allowed.__optional_keys__
    unknown = sorted(options.keys() - names)
    if unknown:
        told = f"{unknown[0]} is told of the source, to streammat.open; " * (unknown[0] in _SOURCE)
        raise ConfigError(f"unknown setting {unknown[0]!r}: {told}use {', '.join(sorted(names))}")
    return checked_settings(replace(base or MatteSettings(), **options), {*names, *_SOURCE})
