"""What a job did, in numbers for machines and in one line for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .timings import Limit, StageTimings

__all__ = ["JobReport", "OutputReport"]

CANCELLED_EXIT_CODE = 130
FRAMES_LOST_EXIT_CODE = 3


@dataclass(frozen=True, slots=True)
class OutputReport:
    """One file that was written.

    Attributes:
        path: where it lies; of a cancelled job NAME.partial.EXT.
        kind: rgba, alpha, foreground or composite.
        format: container, codec, pixel format in words.
        alpha_mode: straight, premultiplied, or "" for an output without alpha.
        background: of a composite, else "".
        foreground: estimated, source, or "" for an alpha file.
    """

    path: str
    kind: str
    format: str
    alpha_mode: str
    background: str
    foreground: str


@dataclass(frozen=True, slots=True)
class JobReport:
    """The result of one job.

    Attributes:
        source: as given.
        outputs: what was written.
        frames: frames in every output.
        lost_frames: frames of the source that could not be decoded, or only with errors.
        seconds: wall time, from opening the source to the last output's final name.
        startup_seconds: of these, until the first frame reached an encoder.
        cpu_seconds: of the whole process in that time.
        device: cpu or cuda.
        model: name and network size, e.g. ``gfm_lite0_tt 512x288``.
        width, height: of the source, upright.
        cores: threads that the job was allowed.
        stages: where the time went.
        limit: the stage that the others waited for.
        cuts: frames at which temporal smoothing started afresh, the first one left out.
        cancelled: ended early by the user.
        lost_places: where they were, as far as that is known: file names of images, ``near 1.96 s``
            on a video's clock.
    """

    source: str
    outputs: tuple[OutputReport, ...]
    frames: int
    lost_frames: int
    seconds: float
    startup_seconds: float
    cpu_seconds: float
    device: str
    model: str
    width: int
    height: int
    cores: int
    stages: tuple[StageTimings, ...] = ()
    limit: Limit | None = None
    cuts: tuple[int, ...] = ()
    cancelled: bool = False
    lost_places: tuple[str, ...] = ()

    @property
    def fps(self) -> float:
        """Frames per second over the whole job, loading and flushing included."""
        return self.frames / self.seconds if self.seconds > 0 else 0.0

    @property
    def steady_fps(self) -> float:
        """Frames per second once the first frame is through: loading left out."""
        rest = self.seconds - self.startup_seconds
        return self.frames / rest if rest > 0 else 0.0

    @property
    def exit_code(self) -> int:
        """130 when cancelled, 3 when frames were lost, else 0."""
        if self.cancelled:
            return CANCELLED_EXIT_CODE
        return FRAMES_LOST_EXIT_CODE if self.lost_frames else 0

    def last_line(self) -> str:
        """One line for people, always the last of a job.

        ``240 frames 9.8 s 24.5 fps | cpu, gfm_lite0_tt 512x288 | limited by encode (61 %)``
        """
        noun = "frame" if self.frames == 1 else "frames"
        parts = [
            f"{self.frames} {noun} {self.seconds:.1f} s {self.fps:.1f} fps",
            f"{self.device}, {self.model}",
        ]
        if self.limit is not None:
            parts.append(
                f"limited by {self.limit.stage} ({self.limit.share:.0%})".replace("%", " %")
            )
        if self.lost_frames:
            parts.append(f"{self.lost_frames} frame{'s' * (self.lost_frames != 1)} lost or damaged")
        if self.cancelled:
            parts.append("cancelled")
        return " | ".join(parts)

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``--json`` and ``--report``."""
        data = asdict(self)
        data["stages"] = [
            _per_frame(stage, self.seconds - self.startup_seconds) for stage in self.stages
        ]
        return {
            **data,
            "outputs": [asdict(output) for output in self.outputs],
            "cuts": list(self.cuts),
            "lost_places": list(self.lost_places),
            "fps": self.fps,
            "steady_fps": self.steady_fps,
            "exit_code": self.exit_code,
        }


def _per_frame(stage: StageTimings, seconds: float) -> dict[str, Any]:
    return {
        **asdict(stage),
        "busy_ms_per_frame": 1000 * stage.steady_busy_seconds / stage.steady_frames,
        "cpu_ms_per_frame": 1000 * stage.steady_cpu_seconds / stage.steady_frames,
        "busy_share": stage.steady_busy_seconds / stage.workers / seconds if seconds > 0 else 0.0,
    }
