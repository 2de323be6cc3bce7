"""The matter that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from streammat.catalogue.cards import find_model
from streammat.device import Device, choose_device
from streammat.matting.closer import CloserMatter
from streammat.matting.gfm import GfmMatter
from streammat.matting.sizes import network_size
from streammat.matting.still import StillMatter
from streammat.matting.strategies import (
    Strategy,
    checked_strategy,
    redraws,
    strategy_for_clip,
    strategy_for_source,
)
from streammat.settings import MatteSettings
from streammat.types import StreamInfo

if TYPE_CHECKING:
    from streammat.matting.passes.engine import OpenEngine
    from streammat_kernels.bands import Bands

__all__ = ["frame_matter", "with_strategy"]

_ONE_ENGINE = ("single", "second-glance")  # a frame is one run of an engine
_MAX_REQUESTS = 8  # beyond it more frames in flight only cost memory


def frame_matter(
    settings: MatteSettings,
    device: Device | None = None,
    *,
    requests: int | None = None,
    bands: Bands | None = None,
    say: Callable[[str], None] | None = None,
) -> GfmMatter | StillMatter | CloserMatter:
    """The matter for ``settings.model``, ``.size``, ``.strategy``, ``.edges`` and ``.roi``.

    Nothing is compiled before the first frame (or `GfmMatter.warm_up`). The strategy auto is that
    of clips; what it means for a still, `with_strategy` says.

    Args:
        settings: of the job.
        device: as chosen before; None chooses by the settings.
        requests: frames computed at the same time; None means one a thread (most frames a second),
            1 means all threads on one frame (shortest wait).
        bands: the pool for the kernels.
        say: gets a line for each step of building an engine for the GPU; None: stderr.

    Raises:
        ConfigError: an unknown model, size, strategy, kind of edges or device name.
        DeviceUnavailable: the asked-for device is not there.
        EngineFileError: the model's card is damaged.
    """
    card = find_model(settings.model)
    asked = settings.strategy
    strategy = (
        strategy_for_clip(card.network, settings.size)
        if asked == "auto"
        else checked_strategy(asked)
    )
    redrawn = redraws(settings.edges, card.network, strategy)
    device = device or choose_device(settings.device, settings.threads)
    if strategy not in _ONE_ENGINE:
        return _closer(_still_matter(settings, strategy, device, bands, say), settings)
    if requests is None:
        requests = min(device.threads, _MAX_REQUESTS)
    twice = strategy == "second-glance"
    opener: OpenEngine | None = None
    if device.kind == "cuda":
        from streammat.matting.passes.tensorrt import open_on_gpu

        opener = partial(open_on_gpu, second_glance=twice, say=say)
    matter = GfmMatter(
        card,
        settings.size,
        requests,
        device.threads,
        bands=bands,
        second_glance=twice,
        redrawn=redrawn,
        open_engine=opener,
    )
    return _closer(matter, settings)


def with_strategy(settings: MatteSettings, info: StreamInfo) -> MatteSettings:
    """The settings with the strategy that ``settings.strategy`` means for this source.

    Raises:
        ConfigError: an unknown model or strategy.
        EngineFileError: the model's card is damaged.
    """
    network = find_model(settings.model).network
    strategy = strategy_for_source(
        settings.strategy,
        network,
        info.height,
        info.width,
        still=info.still,
        size=settings.size,
    )
    return replace(settings, strategy=strategy)


def _closer(
    matter: GfmMatter | StillMatter, settings: MatteSettings
) -> GfmMatter | StillMatter | CloserMatter:
    """The matter itself unless only a part of the frames is wanted; auto is found later."""
    roi = settings.roi
    return matter if roi is None else CloserMatter(matter, None if roi == "auto" else roi)


def _still_matter(
    settings: MatteSettings,
    strategy: Strategy,
    device: Device,
    bands: Bands | None,
    say: Callable[[str], None] | None,
) -> StillMatter:
    from streammat.matting.passes import open_pass

    network_size(16, 9, settings.size)  # a size that cannot be is refused now
    card = find_model(settings.model)
    engine = "tensorrt" if device.kind == "cuda" else "openvino"
    network = open_pass(settings.model, engine, device.threads, say)
    return StillMatter(network, card.name, strategy, settings.size, settings.edges, bands=bands)
