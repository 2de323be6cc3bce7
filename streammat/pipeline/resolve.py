"""Every choice of a job, made before the first frame: for the job itself and for ``--dry-run``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from streammat import __version__
from streammat.catalogue import find_model
from streammat.device import Device, choose_device
from streammat.matting import NetworkSize, network_size, seen_size
from streammat.matting.smoothing import smoothing_strength
from streammat.settings import MatteSettings
from streammat.types import StreamInfo

__all__ = ["ResolvedJob", "ResolvedOutput", "metadata"]

# What does not change a single pixel stays out of the settings' hash.
_NOT_HASHED = {"overwrite", "threads", "preset", "strict", "start_number"}

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ResolvedOutput:
    """One output with nothing left open.

    Attributes:
        path: as asked for.
        kind: rgba, alpha, foreground or composite.
        container, codec, pixel_format: FFmpeg's names.
        alpha_mode: straight, premultiplied, or "" without alpha.
        foreground: estimated, source, or "" for an alpha file.
        background: of a composite, else "".
        audio: copied, transcoded or dropped, in words.
    """

    path: str
    kind: str
    container: str
    codec: str
    pixel_format: str
    alpha_mode: str
    foreground: str
    background: str
    audio: str = ""


@dataclass(frozen=True, slots=True)
class ResolvedJob:
    """A job with nothing left open.

    Attributes:
        source: path as given.
        width, height, rate, frames, codec, pixel_format: of the source; rate and frames may be
            unknown.
        outputs: in the order asked for.
        model, model_sha256, device, device_reason, threads: what computes.
        network_width, network_height: working size of the network.
        smoothing: 0..1, 0 = off.
        settings: everything as given, defaults included.
        settings_hash: of what changes pixels; also written into the outputs.
    """

    source: str
    width: int
    height: int
    rate: str | None
    frames: int | None
    codec: str
    pixel_format: str
    outputs: tuple[ResolvedOutput, ...]
    model: str
    model_sha256: str | None
    device: str
    device_reason: str
    threads: int
    network_width: int
    network_height: int
    smoothing: float
    settings: dict[str, Any]
    settings_hash: str

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def settings_hash(settings: MatteSettings) -> str:
    """Sixteen hex digits that tell two jobs' settings apart."""
    told = {key: value for key, value in asdict(settings).items() if key not in _NOT_HASHED}
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def metadata(settings: MatteSettings, alpha_mode: str) -> dict[str, str]:
    """What every output says about its making.

    Args:
        settings: of the job.
        alpha_mode: straight, premultiplied, or "" for an output without alpha.
    """
    card = find_model(settings.model)
    parts = [
        f"streammat {__version__}",
        f"model {card.name} sha256 {card.sha256 or 'unknown'}",
        f"settings {settings_hash(settings)}",
    ]
    if alpha_mode:
        parts.append(f"alpha {alpha_mode}")
    return {"comment": "; ".join(parts)}


def resolved(
    info: StreamInfo,
    outputs: Sequence[ResolvedOutput],
    settings: MatteSettings,
    device: Device | None = None,
) -> ResolvedJob:
    """The whole job, from the source's facts and the outputs that were resolved.

    Raises:
        ConfigError, DeviceUnavailable, EngineFileError: a setting that cannot be met.
    """
    device = device or choose_device(settings.device, settings.threads)
    card = find_model(settings.model)
    seen_height, seen_width = seen_size(settings.roi, info.height, info.width)
    net: NetworkSize = network_size(seen_width, seen_height, settings.size)
    return ResolvedJob(
        source=info.path,
        width=info.width,
        height=info.height,
        rate=None if info.rate is None else str(info.rate),
        frames=info.frames,
        codec=info.codec,
        pixel_format=info.pixel_format,
        outputs=tuple(outputs),
        model=card.name,
        model_sha256=card.sha256,
        device=device.kind,
        device_reason=device.reason,
        threads=device.threads,
        network_width=net.width,
        network_height=net.height,
        smoothing=smoothing_strength(settings.smooth, still=info.still),
        settings=asdict(settings),
        settings_hash=settings_hash(settings),
    )
