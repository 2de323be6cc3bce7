"""What each kind of output needs: which colours, which background, straight or premultiplied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from streammat.errors import ConfigError
from streammat.settings import MatteSettings, OutputKind, Screen

__all__ = ["GREEN", "OutputPlan", "blur_strength", "plan_output"]

GREEN = "#00B140"
DEFAULT_BLUR = 0.5

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class OutputPlan:
    """Everything that decides how one output's pictures are drawn.

    Attributes:
        path: as asked for.
        kind: rgba, alpha, foreground or composite.
        estimated: foreground colours are estimated, not the source's.
        premultiplied: rgb times alpha in linear light (rgba only).
        in_light: the file holds linear light and multiplies there (EXR), not in codes.
        background: #RRGGBB, a path, blur[:STRENGTH], or "" where the kind has none.
        despill: 0..1.
        screen: whose colour is taken off, green or blue.
    """

    path: str
    kind: OutputKind
    estimated: bool = False
    premultiplied: bool = False
    in_light: bool = False
    background: str = ""
    despill: float = 0.0
    screen: Screen = "green"

    @property
    def alpha_mode(self) -> str:
        """straight, premultiplied, or "" where no alpha goes with colours."""
        if self.kind is not OutputKind.RGBA:
            return ""
        return "premultiplied" if self.premultiplied else "straight"

    @property
    def foreground(self) -> str:
        """estimated, source, or "" where there are no colours."""
        if self.kind is OutputKind.ALPHA:
            return ""
        return "estimated" if self.estimated else "source"

    @property
    def blurs(self) -> bool:
        """The background is the blurred source."""
        return blur_strength(self.background) is not None

    @property
    def needs_source(self) -> bool:
        """The background comes from a colour or a file."""
        return bool(self.background) and not self.blurs


def plan_output(
    path: str,
    kind: OutputKind,
    settings: MatteSettings,
    *,
    premultiplied_by_format: bool = False,
    bare: bool = False,
    notify: Notify | None = None,
) -> OutputPlan:
    """Resolve the settings for one output.

    Args:
        path: of the output.
        kind: what it holds.
        settings: of the job.
        premultiplied_by_format: alpha mode auto means premultiplied here (EXR).
        bare: the kind was chosen by the suffix, so a missing background is said.
        notify: gets the line about a background that had to be assumed.

    Raises:
        ConfigError: a composite over no background.
    """
    composite = kind is OutputKind.COMPOSITE
    coloured = kind in {OutputKind.RGBA, OutputKind.FOREGROUND}
    auto = settings.foreground == "auto"
    return OutputPlan(
        path=path,
        kind=kind,
        estimated=(coloured if auto else settings.foreground == "estimated")
        and kind is not OutputKind.ALPHA,
        premultiplied=kind is OutputKind.RGBA
        and (
            premultiplied_by_format
            if settings.alpha_mode == "auto"
            else settings.alpha_mode == "premultiplied"
        ),
        in_light=premultiplied_by_format,
        background=_background(path, settings.background, bare, notify) if composite else "",
        despill=0.0 if kind is OutputKind.ALPHA else settings.despill,
        screen=settings.screen,
    )


def blur_strength(background: str) -> float | None:
    """The strength, 0..1, of ``blur`` or ``blur:STRENGTH``; None for any other background.

    Raises:
        ConfigError: a strength that is no number or out of range.
    """
    word, colon, text = background.partition(":")
    if word != "blur":
        return None
    if not colon:
        return DEFAULT_BLUR
    try:
        strength = float(text)
    except ValueError:
        strength = -1.0
    if not 0.0 <= strength <= 1.0:
        raise ConfigError(f"--background {background}: the strength has to be 0..1, e.g. blur:0.5")
    return strength


def _background(path: str, background: str | None, bare: bool, notify: Notify | None) -> str:
    if background is None:
        if notify is not None and bare:
            notify(
                f"{path} cannot carry alpha: composited over green; "
                "use .mov or .webm, or --background"
            )
        return GREEN
    if background == "none":
        raise ConfigError(
            f"{path} cannot be composited over nothing: "
            "choose a --background, or write rgba=NAME.mov"
        )
    blur_strength(background)  # a bad strength is refused before anything is decoded
    return background
