"""What every output of files shares: hidden until it is whole, or kept as far as it got."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress

from streammat.errors import OutputError, ResourceError, StreammatError
from streammat.settings import MatteSettings, OutputKind
from streammat.types import StreamInfo
from streammat_kernels.layout import Colour, PixelLayout

from .ffmpeg import writing
from .notices import Notices, Notify

__all__ = ["FileSink"]


class FileSink(ABC):
    """The life of an output; see :class:`streammat.media.sink.Sink`.

    Args:
        path: as asked for.
        kind: what it holds.
        info: of the source.
        settings: of the job.
        notify: gets a line for everything that the output cannot hold.
        metadata: written into the file.

    Raises:
        OutputError, ResourceError: the target must not or cannot be written.
    """

    layout: PixelLayout
    colour: Colour

    def __init__(
        self,
        path: str,
        kind: OutputKind,
        info: StreamInfo,
        settings: MatteSettings,
        *,
        notify: Notify,
        metadata: dict[str, str],
    ) -> None:
        self.path = path
        self.wants = kind
        self.frames = 0
        self.width, self.height = info.width, info.height
        self._info = info
        self._notices = Notices(notify)
        self._open = False
        self._prepare(settings, metadata)
        self._open = True

    def close(self) -> None:
        """Finish the output under its final name.

        Raises:
            ResourceError, OutputError: nothing is left under the final name then; what was
                finished is kept as ``NAME.partial.EXT`` where that can be.
        """
        if not self._open:
            return
        try:
            if self.frames == 0:
                raise OutputError(f"{self.path}: nothing to write, no frame arrived")
            with writing(self.path):
                self._complete()
        except ResourceError:
            self.abort(partial=True)
            raise
        except BaseException:
            self._give_up()
            raise
        self._open = False

    def abort(self, *, partial: bool) -> str | None:
        """Keep what was written as ``NAME.partial.EXT`` or remove it. Never raises."""
        if not self._open:
            return None
        if not partial or self.frames == 0:
            self._give_up()
            return None
        try:
            with writing(self.path):
                kept = self._keep()
        except StreammatError:
            kept = None
        if kept is None:
            self._give_up()
        self._open = False
        if kept is not None:
            self._notices.once("kept", f"{self.path}: what was finished is {kept}")
        return kept

    def _give_up(self) -> None:
        self._open = False
        with suppress(Exception):
            self._discard()

    @abstractmethod
    def _prepare(self, settings: MatteSettings, metadata: dict[str, str]) -> None:
        """Check the target, set ``layout`` and ``colour``, begin under a temporary name."""

    @abstractmethod
    def _complete(self) -> None:
        """Write the rest and publish; errors of FFmpeg and the system are translated."""

    @abstractmethod
    def _keep(self) -> str | None:
        """Publish what is there as partial; its path, None where nothing can be read back."""

    @abstractmethod
    def _discard(self) -> None:
        """Remove every trace."""
