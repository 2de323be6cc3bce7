"""Where finished pictures go: one protocol, a video file or a sequence of images behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from streammat.settings import MatteSettings, OutputKind, OutputRequest
from streammat.types import Frame, Plane, StreamInfo
from streammat_kernels.layout import Colour, PixelLayout

from .formats import is_image_output
from .notices import Notify, to_stderr
from .pipe_format import STDOUT


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture to be filled by kernels and written once.

    Attributes:
        planes: writable, in the sink's layout, of the sink's width and height; rows may be padded.
        carrier: what the sink encodes; none of the caller's business.
    """

    planes: tuple[Plane, ...]
    carrier: Any


class Sink(Protocol):
    """One output file or sequence.

    Attributes:
        path: as asked for.
        wants: what belongs into the pictures. ``alpha``: one gray plane, the alpha itself
            (``Colour.full_range`` tells whether black and white are 16 and 235 scaled).
        layout, colour: of the pictures' planes.
        width, height: of the pictures, the source's upright size.
        frames: pictures written so far.
    """

    path: str
    wants: OutputKind
    layout: PixelLayout
    colour: Colour
    width: int
    height: int
    frames: int

    def new_picture(self) -> Picture:
        """A fresh picture; its content is undefined."""

    def write(self, picture: Picture, frame: Frame) -> None:
        """Encode a filled picture at the time of ``frame``; pictures come in display order.

        Raises:
            ResourceError: the disk is full.
            OutputError: the encoder or the file system refuses.
        """

    def describe(self) -> str:
        """Format, depth and sound in a few words."""

    def close(self) -> None:
        """Finish the output under its final name.

        Raises:
            ResourceError, OutputError: nothing is left under the final name then.
        """

    def abort(self, *, partial: bool) -> str | None:
        """Give up: keep what was written as ``NAME.partial.EXT`` or remove it. Never raises.

        Returns:
            The partial output's path, None when nothing playable is left.
        """


def open_sink(
    request: OutputRequest,
    kind: OutputKind,
    info: StreamInfo,
    settings: MatteSettings,
    *,
    notify: Notify = to_stderr,
    metadata: Mapping[str, str] | None = None,
) -> Sink:
    """Check the target and start writing it under a temporary name.

    Args:
        request: the path (- is stdout), its kind already resolved into ``kind``.
        info: of the source; its sound is muxed in as ``settings.audio`` says.
        settings: overwrite, audio, codec options, selection and threads are used.
        notify: gets one line for everything that the output cannot hold.
        metadata: written into the file; ``comment`` is shown by most players.

    Raises:
        OutputError: the target exists, is the input, cannot be created or cannot hold ``kind``.
        ResourceError: the disk is full.
    """
    from .image_sink import ImageSink
    from .pipe_sink import PipeSink
    from .video_sink import VideoSink

    if info.scene and kind is not OutputKind.ALPHA:
        _say_clipped(request.path, kind, info, notify)
    if request.path == STDOUT:
        return PipeSink(kind, info, notify=notify)
    chosen = ImageSink if is_image_output(request.path) else VideoSink
    return chosen(request.path, kind, info, settings, notify=notify, metadata=dict(metadata or {}))


def _say_clipped(path: str, kind: OutputKind, info: StreamInfo, notify: Notify) -> None:
    """One line where values of a float source beyond 0..1 are lost."""
    exr = path.lower().endswith(".exr")
    if exr and kind is not OutputKind.COMPOSITE:
        return
    own = "" if exr or info.chromaticities is None else ", in primaries of their own"
    keeps = "rgba=NAME.exr keeps" if exr else "EXR keeps"
    notify(
        f"{path}: holds the source's light within 0..1 only{own}; "
        f"{keeps} all of it, --to-sdr tone-maps it"
    )


def sources_of(info: StreamInfo) -> list[str]:
    """Every file that belongs to the source."""
    from .sequence import is_image_source, list_images

    if is_image_source(info.path):
        return [str(image) for image in list_images(info.path)]
    return [info.path] if Path(info.path).exists() else []
