"""The table of settings: one row gives an option, an environment variable and a TOML key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streammat.config import values
from streammat.settings import MatteSettings

__all__ = ["SETTINGS", "Setting", "setting"]

_DEFAULTS = MatteSettings()


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that a user may decide.

    Attributes:
        name: the TOML key; the option is ``--name`` and the variable ``STREAMMAT_NAME``
            (dashes and underscores as each place has them).
        parse: turns the written form into the value; raises ConfigError.
        allowed: the forms that parse takes, for help and messages.
        about: what it does, one line.
        group: heading in ``streammat matte --help``.
        field: name in `MatteSettings`; "" where the setting is the command line's own.
        path: "" or the test that tells whether a value is a file's path ("always", "background",
            "model", "cube"): a path in a TOML file is relative to that file's folder.
        types: TOML types that are taken.
        default: used where `MatteSettings` has no such field.
    """

    name: str
    parse: Callable[[str], Any]
    allowed: str
    about: str
    group: str
    field: str = ""
    path: str = ""
    types: tuple[type, ...] = (str,)
    default: Any = None

    @property
    def key(self) -> str:
        """The field of `MatteSettings`."""
        return self.field or self.name

    @property
    def of_job(self) -> bool:
        """Whether `MatteSettings` holds the value."""
        return hasattr(_DEFAULTS, self.key)

    @property
    def option(self) -> str:
        """The command line's spelling."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """The environment's spelling."""
        return "STREAMMAT_" + self.name.upper()

    def fallback(self) -> Any:
        """The default."""
        return getattr(_DEFAULTS, self.key) if self.of_job else self.default

    def anchored(self, value: Any, folder: Path) -> Any:
        """``value``, made absolute from ``folder`` where it is a path."""
        named = isinstance(value, str) and (
            self.path == "always"
            or (self.path == "model" and value.lower().endswith(".onnx"))
            or (self.path == "cube" and value.lower().endswith(".cube"))
            or (self.path == "background" and not _is_word(value))
        )
        return str(folder / Path(value).expanduser()) if named else value


def _is_word(background: str) -> bool:
    return background in {"none", "blur"} or background.startswith(("#", "blur:"))


_NUMBER = (int, float)
_FRACTION: dict[str, Any] = {"parse": values.fraction, "allowed": "0..1", "types": _NUMBER}
_PIXELS: dict[str, Any] = {
    "parse": values.pixels,
    "allowed": "0..500",
    "types": _NUMBER,
    "group": "Alpha",
}


def _one_of(*allowed: str) -> dict[str, Any]:
    return {"parse": values.choice(allowed), "allowed": "|".join(allowed)}


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "preset",
        **_one_of("film", "edit", "web", "live", "preview"),
        about="Values for a purpose; every other option still wins.",
        group="Model",
    ),
    Setting(
        "model",
        values.text,
        "NAME|FILE.onnx",
        "A name from `streammat models`, or an ONNX file.",
        "Model",
        path="model",
    ),
    Setting(
        "device",
        **_one_of("auto", "cpu", "cuda"),
        about="auto says once what it chose and why.",
        group="Model",
    ),
    Setting(
        "size",
        values.size,
        "fast|balanced|best|WxH",
        "Working size of the network; the aspect is kept.",
        "Model",
    ),
    Setting(
        "strategy",
        **_one_of(
            *("auto", "single", "second-glance", "mirrored", "multi-scale", "hybrid", "resize"),
            *("official", "tiled"),
        ),
        about="How a picture is put to the network. auto: single for clips (second-glance "
        "above balanced), multi-scale for photos, with released networks single and hybrid; "
        "multi-scale suits clips that may take their time, too.",
        group="Model",
    ),
    Setting(
        "edges",
        **_one_of("auto", "closed-form", "network"),
        about="Hair and soft edges: redrawn along the picture's colours, or as the network says. "
        "auto: closed-form, with released networks and tiled network.",
        group="Model",
    ),
    Setting(
        "threads",
        values.integer(1, 1024),
        "1..1024",
        "CPU threads for everything together; default: all cores.",
        "Model",
        types=(int,),
    ),
    Setting(
        "background",
        values.background,
        "none|#RRGGBB|IMAGE|VIDEO|blur[:0..1]",
        "What lies behind the subject in a composite.",
        "Picture",
        path="background",
    ),
    Setting(
        "alpha_mode",
        **_one_of("auto", "straight", "premultiplied"),
        about="How colour and alpha are stored together.",
        group="Picture",
    ),
    Setting(
        "foreground",
        **_one_of("auto", "estimated", "source"),
        about="Colours of the subject: free of the old background, or as filmed.",
        group="Picture",
    ),
    Setting(
        "despill",
        **_FRACTION,
        about="Take the screen's colour cast off the subject.",
        group="Picture",
    ),
    Setting(
        "screen",
        **_one_of("green", "blue"),
        about="Colour of the screen, for --despill.",
        group="Picture",
    ),
    Setting(
        "smooth",
        values.smooth,
        "auto|off|0..1",
        "Smoothing over time; starts afresh at cuts.",
        "Alpha",
        types=(str, int, float),
    ),
    Setting(
        "despeckle",
        **_PIXELS,
        about="Take islands out that are smaller than a disc of this width, in pixels.",
        field="despeckle_px",
    ),
    Setting("grow", **_PIXELS, about="Push the edge outwards, in pixels.", field="grow_px"),
    Setting("shrink", **_PIXELS, about="Pull the edge inwards, in pixels.", field="shrink_px"),
    Setting("feather", **_PIXELS, about="Soften the edge, in pixels.", field="feather_px"),
    Setting("clip_black", **_FRACTION, about="Alpha up to this is exactly 0.", group="Alpha"),
    Setting("clip_white", **_FRACTION, about="Alpha from this up is exactly 1.", group="Alpha"),
    Setting(
        "garbage",
        values.text,
        "FILE",
        "Grey image, sequence or video; white is taken out.",
        "Alpha",
        path="always",
    ),
    Setting(
        "holdout",
        values.text,
        "FILE",
        "Grey image, sequence or video; white is kept.",
        "Alpha",
        path="always",
    ),
    Setting(
        "roi",
        values.roi,
        "auto|X,Y,W,H",
        "Alpha is 0 outside this rectangle of pixels, which the network sees closer; auto looks "
        "where the subject keeps to (a clip is read once before).",
        "Alpha",
        types=(str, list),
    ),
    Setting(
        "start",
        values.seconds,
        "SECONDS|H:MM:SS",
        "Begin here.",
        "Time",
        types=(str, int, float),
    ),
    Setting(
        "end", values.seconds, "SECONDS|H:MM:SS", "Stop here.", "Time", types=(str, int, float)
    ),
    Setting("frames", values.frame_range, "FIRST-LAST", "Only these frames, from 0.", "Time"),
    Setting("limit", values.integer(1), "N", "At most this many frames.", "Time", types=(int,)),
    Setting(
        "fps",
        values.rate,
        "25|23.976|30000/1001",
        "Frame rate of an image sequence or raw video; default: as the files say, else 25.",
        "Source",
        types=(str, int, float),
    ),
    Setting(
        "missing",
        **_one_of("error", "hold", "black"),
        about="Frames that a sequence lacks: stop, repeat the one before, or black.",
        group="Source",
    ),
    Setting(
        "raw_input",
        values.raw_video,
        "WIDTHxHEIGHT:FORMAT",
        "Headerless video, such as 1920x1080:yuv420p10le; with INPUT - it comes from stdin.",
        "Source",
    ),
    Setting(
        "input_colour",
        values.text,
        "NAME|FILE.cube",
        "Colours of log, linear or untagged HDR footage, for the network's view only: slog3, "
        "logc4, vlog, acescg, pq ... or a .cube file.",
        "Source",
        path="cube",
    ),
    Setting(
        "to_sdr",
        values.flag,
        "true|false",
        "Turn HDR into SDR before anything is written.",
        "Source",
        types=(bool,),
    ),
    Setting(
        "audio",
        **_one_of("auto", "copy", "none"),
        about="auto copies the sound where the container can hold it, else transcodes.",
        group="File",
    ),
    Setting(
        "codec",
        values.text,
        "NAME[,NAME]",
        "How files are written, as in `streammat formats`; each output takes the first that fits.",
        "File",
    ),
    Setting(
        "depth",
        values.integer(8, 16),
        "8|10|12|16",
        "Bits of a colour sample; default: what loses nothing of the source.",
        "File",
        types=(int,),
    ),
    Setting(
        "start_number",
        values.integer(0, 999_999_999),
        "N",
        "Number of the source's first frame in image sequences; default: its own, else 0 "
        "(EXR: 1001).",
        "File",
        types=(int,),
    ),
    Setting(
        "crf",
        values.integer(0, 63),
        "0..63",
        "Quality, lower is better; H.264 and HEVC to 51, VP9 and AV1 to 63.",
        "File",
        types=(int,),
    ),
    Setting(
        "bitrate",
        values.bitrate,
        "8M|2500k",
        "Bits a second instead of a quality.",
        "File",
        types=(str, int),
    ),
    Setting("encoder_preset", values.text, "NAME", "The codec's own preset.", "File"),
    Setting(
        "overwrite",
        values.flag,
        "true|false",
        "Replace outputs that exist.",
        "File",
        types=(bool,),
    ),
    Setting(
        "strict",
        values.flag,
        "true|false",
        "A frame that cannot be decoded ends the job; what was finished stays as .partial.",
        "File",
        types=(bool,),
    ),
    Setting(
        "progress",
        **_one_of("auto", "plain", "json", "none"),
        about="How the work is shown on stderr.",
        group="Report",
        default="auto",
    ),
)

_BY_NAME = {row.name: row for row in SETTINGS}


def setting(name: str) -> Setting:
    """The row called ``name`` (with underscores)."""
    return _BY_NAME[name]
