"""Everything a user may decide about one matting job, with its default, in one frozen object."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

__all__ = ["SIZE_SIDE_PX", "MatteSettings", "OutputKind", "OutputRequest", "Screen"]

SIZE_SIDE_PX = (32, 4096)  # of a size that is written as WxH


Screen = Literal["green", "blue"]


class OutputKind(StrEnum):
    """What a file holds."""

    RGBA = "rgba"
    ALPHA = "alpha"
    FOREGROUND = "foreground"
    COMPOSITE = "composite"


@dataclass(frozen=True, slots=True)
class OutputRequest:
    """One ``-o [kind=]PATH``; kind None: rgba where the suffix can carry alpha, else composite."""

    path: str
    kind: OutputKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatteSettings:
    """Settings of one job; names and meanings are those of the command line.

    Attributes:
        model: a name from ``streammat models`` or the path of an ONNX file.
        device: auto, cpu or cuda.
        size: fast, balanced, best or WxH; the network's working size.
        strategy: auto (clips: single, second-glance where size is above balanced; stills:
            multi-scale; released networks: single and hybrid), single (one pass at the working
            size), second-glance (and a look from farther off), mirrored (and the mirror image),
            multi-scale (from three distances, the closest for the transition, all mirrored, too),
            hybrid and resize (two passes and one, at shares of the picture's size), official (as
            the released GFM code) and tiled (pictures of any size).
        edges: auto (closed-form, but network for released networks, for strategies of theirs and
            for tiled), closed-form (soft edges redrawn along the picture's colours) or network (as
            it says).
        background: None = chosen by the output (none where alpha fits, else #00B140);
            else none, #RRGGBB, an image or video path, blur or blur:STRENGTH with 0..1.
        alpha_mode: auto, straight or premultiplied.
        foreground: auto (estimated for rgba and foreground files, source for composites),
            estimated or source.
        despill: 0..1, removes the screen colour's cast from the foreground.
        screen: green or blue, for despill.
        smooth: auto, off or 0..1; temporal smoothing of the alpha.
        despeckle_px: islands of alpha of less than a disc of this diameter, in pixels of the full
            frame, are taken out.
        grow_px, shrink_px, feather_px: matte finesse in pixels of the full frame.
        clip_black, clip_white: 0..1; alpha at or below / above becomes exactly 0 / 1.
        garbage, holdout: paths of grey images or videos; white forces alpha 0 / 1.
        roi: X, Y, W, H in pixels: alpha is 0 outside, and the network looks closer; auto finds
            where the subject of a clip or photo keeps to, and looks there.
        start, end: seconds or H:MM:SS[.mmm] on the source's clock; None = whole clip.
        frames: first-last frame numbers, e.g. "100-200" (0-based, inclusive).
        limit: at most this many frames.
        start_number: number of the source's first frame in image sequences; None = as in the
            source sequence, else 0 (EXR: 1001).
        fps: frame rate of an image sequence or raw video; None = as the files say, else 25.
        missing: error, hold (repeat the frame before) or black, for holes in a sequence.
        raw_input: WIDTHxHEIGHT:PIXEL_FORMAT of headerless video, on stdin or in a file.
        input_colour: what the network is told of the plate's colours: a curve such as slog3, or a
            .cube file; None = as the tags say. What is written is not changed by it.
        to_sdr: turn HDR (or what input_colour names) into SDR before anything is written.
        audio: auto, copy or none.
        codec: names of deliveries (``streammat formats``), comma-separated; every output takes the
            first that its file can hold. None = the product's default for the file.
        depth: bits of a colour sample; None = what loses nothing of the source.
        crf, bitrate, encoder_preset: the codec's own; None = the product's default.
        preset: name of the preset the values came from, for the report.
        overwrite: replace existing outputs.
        strict: a frame that cannot be decoded ends the job with an error.
        threads: CPU threads for everything together; None = all cores.
    """

    model: str = "gfm_lite0_tt"
    device: str = "auto"
    size: str = "balanced"
    strategy: str = "auto"
    edges: str = "auto"
    background: str | None = None
    alpha_mode: Literal["auto", "straight", "premultiplied"] = "auto"
    foreground: Literal["auto", "estimated", "source"] = "auto"
    despill: float = 0.0
    screen: Screen = "green"
    smooth: str = "auto"
    despeckle_px: float = 0.0
    grow_px: float = 0.0
    shrink_px: float = 0.0
    feather_px: float = 0.0
    clip_black: float = 0.0
    clip_white: float = 1.0
    garbage: str | None = None
    holdout: str | None = None
    roi: tuple[int, int, int, int] | Literal["auto"] | None = None
    start: str | None = None
    end: str | None = None
    frames: str | None = None
    limit: int | None = None
    start_number: int | None = None
    fps: str | None = None
    missing: Literal["error", "hold", "black"] = "error"
    raw_input: str | None = None
    input_colour: str | None = None
    to_sdr: bool = False
    audio: Literal["auto", "copy", "none"] = "auto"
    codec: str | None = None
    depth: int | None = None
    crf: int | None = None
    bitrate: str | None = None
    encoder_preset: str | None = None
    preset: str | None = None
    overwrite: bool = False
    strict: bool = False
    threads: int | None = None
    extra: dict[str, str] = field(default_factory=dict)
