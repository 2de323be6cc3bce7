"""One matter for several jobs: a folder of photos loads its network once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from streammat.closing import Closes
from streammat.device import Device
from streammat.matting.build import frame_matter
from streammat.settings import MatteSettings

if TYPE_CHECKING:
    from streammat.matting.closer import CloserMatter
    from streammat.matting.gfm import GfmMatter
    from streammat.matting.still import StillMatter

__all__ = ["KeptMatter"]


class KeptMatter(Closes):
    """Keeps the matter that a job opened for the next one; a context manager that frees it.

    For jobs that run one after the other. Other settings or another device open another matter.
    """

    def __init__(self) -> None:
        self._matter: GfmMatter | StillMatter | CloserMatter | None = None
        self._made_for: tuple[MatteSettings, Device] | None = None

    def open(
        self, settings: MatteSettings, device: Device, *, say: Callable[[str], None] | None = None
    ) -> GfmMatter | StillMatter | CloserMatter:
        """The kept matter, or a new one as of `frame_matter`; not to be closed by the job."""
        if self._matter is None or self._made_for != (settings, device):
            self.drop()
            self._matter = frame_matter(settings, device, say=say)
            self._made_for = (settings, device)
        return self._matter

    def drop(self) -> None:
        """Free it, after a job that failed: frames may still have been under way."""
        if self._matter is not None:
            self._matter.close()
        self._matter = None

    def close(self) -> None:
        """Free the matter."""
        self.drop()
