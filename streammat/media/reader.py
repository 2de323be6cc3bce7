"""Opens a source, whatever it is, and hands out upright, progressive frames of one size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from streammat.forked import begin_in_this_process
from streammat.settings import MatteSettings
from streammat.types import Frame, StreamInfo

from .notices import Notify, to_stderr
from .read_options import ReadOptions, read_options
from .select import parse_selection

__all__ = ["Reader", "open_options", "open_reader", "open_source"]


class Reader(Protocol):
    """What every source of frames offers; iterate it once."""

    info: StreamInfo

    @property
    def lost_frames(self) -> int:
        """Frames that could not be decoded, or only with errors, so far."""

    @property
    def lost_places(self) -> tuple[str, ...]:
        """Where they were, so far: file names of images, ``near 1.96 s`` in a video.

        Seconds are of the source's clock, the first hundred; not every loss has a known place.
        """

    def __iter__(self) -> Iterator[Frame]: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def close(self) -> None:
        """Release the file; frames already handed out stay valid."""


def open_reader(
    path: str | Path,
    *,
    start: str | float | None = None,
    end: str | float | None = None,
    frames: str | None = None,
    limit: int | None = None,
    strict: bool = False,
    threads: int | None = None,
    keep_alpha: bool = False,
    notify: Notify = to_stderr,
) -> Reader:
    """Open a video, a still image or an image sequence with the usual choices.

    Args:
        path: a video; an image; a folder of images, ``NAME.%05d.png`` or a glob.
        start, end: seconds or ``H:MM:SS[.mmm]`` on the source's clock; end is exclusive.
        frames: ``FIRST-LAST``, 0-based and inclusive.
        limit: at most this many frames.
        strict: damage raises instead of being counted.
        threads: decoder threads; None lets FFmpeg choose.
        keep_alpha: keep the source's own alpha plane as the last plane (else it is left out).
        notify: gets one line for every assumption that had to be made.

    Returns:
        A context manager with ``info`` (of the part that will be read), iterated once.

    Raises:
        MediaError: missing, no video, nothing to decode, or nothing within the selection.
        ConfigError: malformed selection.
    """
    options = ReadOptions(
        selection=parse_selection(start, end, frames, limit),
        strict=strict,
        threads=threads,
        keep_alpha=keep_alpha,
    )
    return open_options(str(path), options, notify)


def open_source(
    path: str, settings: MatteSettings, threads: int | None, notify: Callable[[str], None]
) -> Reader:
    """Open the source of a job as its settings say; ``-`` is stdin.

    Args:
        path: as of :func:`open_reader`.
        settings: selection, strict, frame rate, missing frames, raw format, colour.
        threads: decoder threads.
        notify: gets one line for every assumption that had to be made.

    Raises:
        MediaError: missing, no video, nothing to decode, holes, or nothing within the selection.
        ConfigError: a setting that is malformed or does not go with this source.
    """
    return open_options(path, read_options(settings, threads), notify)


def open_options(path: str, options: ReadOptions, notify: Notify) -> Reader:
    """Open a source with every choice spelled out; see :func:`open_reader` and its errors."""
    begin_in_this_process()
    from .graded import graded
    from .sequence import is_image_source
    from .sequence_reader import SequenceReader
    from .video_reader import VideoReader

    images = options.raw is None and is_image_source(path)
    reader: Reader = (SequenceReader if images else VideoReader)(path, options, notify)
    try:
        return graded(reader, options, notify)
    except BaseException:
        reader.close()
        raise
