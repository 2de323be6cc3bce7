"""The matter that the settings ask for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from streammat.catalogue.cards import ModelCard, find_model
from streammat.device import Device, choose_device
from streammat.errors import DeviceUnavailable
from streammat.matting.gfm import GfmMatter
from streammat.matting.sizes import network_size
from streammat.matting.still import StillMatter
from streammat.matting.strategies import Strategy, checked_strategy
from streammat.settings import MatteSettings

if TYPE_CHECKING:
    from streammat_engines.engine import Engine
    from streammat_kernels.bands import Bands

__all__ = ["frame_matter"]

_MAX_REQUESTS = 8  # beyond it more frames in flight only cost memory


def frame_matter(
    settings: MatteSettings,
    device: Device | None = None,
    *,
    requests: int | None = None,
    bands: Bands | None = None,
) -> GfmMatter | StillMatter:
    """The matter for ``settings.model``, ``.size`` and ``.strategy`` on a device.

    Nothing is compiled before the first frame (or `GfmMatter.warm_up`).

    Args:
        settings: of the job.
        device: as chosen before; None chooses by the settings.
        requests: frames computed at the same time; None means one a thread (most frames a second),
            1 means all threads on one frame (shortest wait).
        bands: the pool for the kernels.

    Raises:
        ConfigError: an unknown model, size, strategy or device name.
        DeviceUnavailable: the asked-for device is not there.
        EngineFileError: the model's card is damaged.
    """
    strategy = checked_strategy(settings.strategy)
    device = device or choose_device(settings.device, settings.threads)
    if strategy != "single":
        if device.kind == "cuda":
            raise DeviceUnavailable(
                f"strategy {strategy} computes on the CPU only: use --device cpu, or "
                "--strategy single"
            )
        return _still_matter(settings, strategy, device.threads, bands)
    if requests is None:
        requests = min(device.threads, _MAX_REQUESTS)
    card = find_model(settings.model)
    opener = _on_gpu if device.kind == "cuda" else None
    return GfmMatter(card, settings.size, requests, device.threads, bands=bands, open_engine=opener)


def _on_gpu(card: ModelCard, width: int, height: int) -> Engine:
    """The TensorRT engine; building it, which may take minutes, is said on stderr."""
    from streammat.gpu.engines import open_engine

    return open_engine(card, width, height, lambda text: print(text, file=sys.stderr, flush=True))


def _still_matter(
    settings: MatteSettings, strategy: Strategy, threads: int, bands: Bands | None
) -> StillMatter:
    from streammat.matting.passes import open_pass

    network_size(16, 9, settings.size)  # a size that cannot be is refused now
    card = find_model(settings.model)
    network = open_pass(settings.model, threads=threads)
    return StillMatter(network, card.name, strategy, settings.size, bands=bands)
