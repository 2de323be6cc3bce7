"""What every reader is besides a source of frames: a context manager that is closed once."""

from __future__ import annotations

from types import TracebackType
from typing import Self

__all__ = ["Closing"]


class Closing:
    """Base of the readers: ``with`` closes them, closing twice does no harm."""

    _closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the source; frames already handed out stay valid."""
        if not self._closed:
            self._closed = True
            self._release()

    def _release(self) -> None:
        """Called once; a source that keeps nothing open has nothing to do."""
