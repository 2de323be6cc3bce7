"""GFM behind the pipeline's protocol: network view, engine, fusion, edges, upsampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import ModelCard
from streammat.matting.cache import engine_cache
from streammat.matting.device_network import DeviceNetwork
from streammat.matting.frame_view import frame_view
from streammat.matting.fuser import Fuser
from streammat.matting.sizes import NetworkSize, network_size
from streammat.types import Alpha, Frame
from streammat_engines.farther import looks_in_words

if TYPE_CHECKING:
    from streammat_engines.engine import Engine, Ticket
    from streammat_engines.manifest import Manifest
    from streammat_kernels.bands import Bands
    from streammat_kernels.closed_form import Workspace as EdgesWorkspace

__all__ = ["GfmMatter"]

_SPARE_SLOTS = 2  # one being prepared and one being upsampled while the network is fully busy


@dataclass(slots=True, eq=False)
class _Network:
    """The engine for one frame size, and how its outputs are fused.

    ``edges`` serves all slots: alphas are made one after the other, and it is large.
    """

    frame_size: tuple[int, int]  # height, width
    size: NetworkSize
    engine: Engine
    fuser: Fuser
    edges: EdgesWorkspace


class _Slot:
    """One frame's buffers at one network size."""

    def __init__(self, network: _Network) -> None:
        from streammat_kernels.guided import Workspace

        size, shapes = network.size, network.engine.manifest.outputs
        self.network = network
        self.rgb: NDArray[np.float32] = np.zeros((1, 3, size.height, size.width), np.float32)
        self.outputs = {spec.name: np.zeros(spec.shape, np.float32) for spec in shapes}
        self.small: NDArray[np.float32] = np.zeros((size.height, size.width), np.float32)
        height, width = network.frame_size
        rows, columns = self.content
        # A frame smaller than the network's input is upsampled from its own size.
        self.workspace = Workspace(min(rows, height), min(columns, width), height, width)
        self.ticket: Ticket | None = None

    @property
    def content(self) -> tuple[int, int]:
        """Rows and columns of the network's input that the picture covers."""
        return self.network.size.content_height, self.network.size.content_width


class GfmMatter:
    """A GFM model as a `FrameMatter`.

    The engine is built when the first frame tells the size, and again when the network's size
    changes; frames of the old size that are under way finish on the old engine.

    Args:
        card: the model.
        size: fast, balanced, best or WxH.
        requests: frames computed at the same time, one thread each or more.
        threads: threads of the network.
        bands: the pipeline's pool for the kernels; None computes in the calling thread.
        spare_slots: slots beyond ``requests``.
        second_glance: glance is the mean of two looks, see `second_glance`.
        redrawn: soft edges along the colours of the picture, see `streammat_kernels.closed_form`.
        open_engine: gives the engine of a card for a width and height; None: OpenVINO on the CPU.
    """

    def __init__(
        self,
        card: ModelCard,
        size: str = "balanced",
        requests: int = 1,
        threads: int = 1,
        *,
        bands: Bands | None = None,
        spare_slots: int = _SPARE_SLOTS,
        second_glance: bool = False,
        redrawn: bool = False,
        open_engine: Callable[[ModelCard, int, int], Engine] | None = None,
    ) -> None:
        network_size(16, 9, size)  # a size that cannot be is refused now, not at the first frame
        self.card = card
        self.size = size
        self.second_glance = second_glance
        self.redrawn = redrawn
        self.requests = max(1, requests)
        self.threads = max(self.requests, threads)
        self.bands = bands
        self._open_engine = open_engine or self._on_cpu
        self.slots = range(self.requests + spare_slots)
        self._slots: list[_Slot | None] = [None] * len(self.slots)
        self._network: _Network | None = None

    @property
    def manifest(self) -> Manifest | None:
        """Facts of the current engine; None before the first frame."""
        return self._network.engine.manifest if self._network else None

    def warm_up(self, height: int, width: int) -> None:
        """Build the engine for frames of this size now instead of at the first frame.

        Raises:
            EngineFileError: the model file is missing, damaged or of another form.
        """
        if self._network is None or self._network.frame_size != (height, width):
            self._network = self._build(height, width)

    def prepare(self, frame: Frame, slot: int) -> None:
        """Fill the slot's network input; see `FrameMatter.prepare`. Not from two threads at once.

        Raises:
            EngineFileError: the model file is missing, damaged or of another form.
        """
        self.warm_up(frame.height, frame.width)
        buffers = self._slots[slot]
        if buffers is None or buffers.network is not self._network:
            assert self._network is not None
            buffers = self._slots[slot] = _Slot(self._network)
        frame_view(frame, buffers.rgb[0], content=buffers.content, bands=self.bands)

    def submit(self, slot: int) -> None:
        """Start the network on a prepared slot and return at once."""
        buffers = self._buffers(slot)
        engine = buffers.network.engine
        buffers.ticket = engine.submit({"rgb": buffers.rgb}, buffers.outputs)

    def wait(self, slot: int) -> None:
        """Block until the slot's outputs are there."""
        buffers = self._buffers(slot)
        ticket, buffers.ticket = buffers.ticket, None
        assert ticket is not None, "wait without submit"
        buffers.network.engine.wait(ticket)

    def alpha(self, frame: Frame, slot: int, out: Alpha) -> None:
        """Fuse glance and focus, redraw soft edges if wanted, and upsample; see `FrameMatter`."""
        from streammat_kernels.closed_form import closed_form
        from streammat_kernels.guided import guided_upsample

        buffers = self._buffers(slot)
        small = buffers.network.fuser.fuse(buffers.outputs, buffers.small)
        if self.redrawn:
            content, edges = buffers.content, buffers.network.edges
            closed_form(small, buffers.rgb[0], small, content=content, workspace=edges)
        guided_upsample(
            small,
            frame.planes,
            frame.layout,
            out,
            content=buffers.content,
            workspace=buffers.workspace,
            bands=self.bands,
        )

    def device_network(self) -> DeviceNetwork | None:
        """The warmed-up network for arrays of the GPU; see `RunsOnDevice`."""
        from streammat_engines.tensorrt.host import HostEngine

        network = self._network
        if network is None or not isinstance(network.engine, HostEngine):
            return None
        variant, engine = network.fuser.variant, network.engine
        if variant == "rim":  # its merger has no CUDA kernel
            return None
        return DeviceNetwork(engine.engine, engine.staging, network.size, variant, self.redrawn)

    def describe(self) -> str:
        """Model and size, e.g. ``gfm_lite0_tt 512x288``, or of both looks ``512x288+256x128``."""
        if self._network is None:
            return f"{self.card.name} {self.size}"
        size = self._network.size
        looks = looks_in_words(size.height, size.width, second_glance=self.second_glance)
        return f"{self.card.name} {looks}"

    def close(self) -> None:
        """Wait for frames under way and free the engines; may be called again."""
        used = {id(s.network): s.network for s in self._slots if s is not None}
        if self._network is not None:
            used[id(self._network)] = self._network
        self._slots = [None] * len(self.slots)
        self._network = None
        for network in used.values():
            network.engine.close()

    def _buffers(self, slot: int) -> _Slot:
        buffers = self._slots[slot]
        assert buffers is not None, "prepare comes first"
        return buffers

    def _build(self, height: int, width: int) -> _Network:
        from streammat_kernels.closed_form import Workspace

        size = network_size(width, height, self.size)
        edges = Workspace(size.content_height, size.content_width)
        last = self._network
        if last is not None and (last.size.width, last.size.height) == (size.width, size.height):
            return _Network((height, width), size, last.engine, last.fuser, edges)
        engine = self._open_engine(self.card, size.width, size.height)
        fuser = Fuser(self.card, {spec.name: spec.shape for spec in engine.manifest.outputs})
        return _Network((height, width), size, engine, fuser, edges)

    def _on_cpu(self, card: ModelCard, width: int, height: int) -> Engine:
        from streammat_engines.openvino import OpenVinoEngine

        return OpenVinoEngine(
            card.path,
            (1, 3, height, width),
            self.requests,
            self.threads,
            sha256=card.sha256,
            remedy=card.remedy,
            cache_dir=engine_cache(),
            second_glance=self.second_glance,
        )
