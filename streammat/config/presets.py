"""What each preset decides. Anything the user says himself, anywhere, wins over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True, slots=True)
class Preset:
    """Values for a purpose.

    Attributes:
        about: the purpose, one line.
        suffix: of the default output, which decides container and codec.
        values: settings by name.
        codec: settings that hold only where every output has this suffix.
    """

    about: str
    suffix: str
    values: Mapping[str, object]
    codec: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


PRESETS: dict[str, Preset] = {
    # No smoothing: a matte that goes to a compositor must be true to each frame.
    "film": Preset(
        "Most detail for compositing: largest size, no smoothing, estimated colours, ProRes 4444.",
        ".mov",
        {"size": "best", "smooth": "off", "foreground": "estimated"},
    ),
    "edit": Preset(
        "For an editing timeline: ProRes 4444 with estimated colours, smoothed.",
        ".mov",
        {"size": "balanced", "smooth": "auto", "foreground": "estimated"},
    ),
    "web": Preset(
        "A small file with alpha for web pages: VP9 in WebM.",
        ".webm",
        {"size": "balanced", "smooth": "auto", "foreground": "estimated"},
    ),
    "live": Preset(
        "Least work a frame: small size, colours as filmed, fast H.264.",
        ".mp4",
        {"size": "fast", "smooth": "auto", "foreground": "source"},
        {".mp4": {"encoder_preset": "veryfast", "crf": 18}},
    ),
    "preview": Preset(
        "A quick look: small size, colours as filmed, a small H.264 file.",
        ".mp4",
        {"size": "fast", "smooth": "auto", "foreground": "source"},
        {".mp4": {"encoder_preset": "veryfast", "crf": 26}},
    ),
}
