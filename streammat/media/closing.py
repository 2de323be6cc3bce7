"""What every reader is besides a source of frames: a context manager that is closed once."""

from __future__ import annotations

from streammat.closing import Closes

__all__ = ["Closing"]


class Closing(Closes):
    """Base of the readers: closing twice does no harm."""

    _closed = False

    def close(self) -> None:
        """Release the source; frames already handed out stay valid."""
        if not self._closed:
            self._closed = True
            self._release()

    def _release(self) -> None:
        """Called once; a source that keeps nothing open has nothing to do."""
        return
