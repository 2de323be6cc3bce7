"""How settings become plans of outputs."""

from __future__ import annotations

import pytest

from streammat.errors import ConfigError, OutputError
from streammat.pipeline.opening import plan_outputs
from streammat.pipeline.outputs import GREEN, OutputPlan, blur_strength, plan_output
from streammat.settings import MatteSettings, OutputKind, OutputRequest

KIND = OutputKind


def plan(path: str, settings: MatteSettings, kind: OutputKind | None = None) -> OutputPlan:
    return plan_outputs([OutputRequest(path, kind)], settings, lambda line: None)[0]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("a.mov", KIND.RGBA), ("a.webm", KIND.RGBA), ("out/", KIND.RGBA), ("a.mp4", KIND.COMPOSITE)],
)
def test_a_bare_path_means_alpha_where_it_fits(path: str, kind: OutputKind) -> None:
    assert plan(path, MatteSettings()).kind is kind


@pytest.mark.parametrize(
    ("kind", "estimated"),
    [(KIND.RGBA, True), (KIND.FOREGROUND, True), (KIND.COMPOSITE, False), (KIND.ALPHA, False)],
)
def test_foreground_auto_is_estimated_for_files_that_go_on(
    kind: OutputKind, estimated: bool
) -> None:
    assert plan("a.mov", MatteSettings(), kind).estimated is estimated


def test_foreground_can_be_chosen() -> None:
    assert not plan("a.mov", MatteSettings(foreground="source")).estimated
    assert plan("a.mp4", MatteSettings(foreground="estimated")).estimated


def test_alpha_is_straight_unless_asked_for_otherwise() -> None:
    assert plan("a.mov", MatteSettings()).alpha_mode == "straight"
    assert plan("a.mov", MatteSettings(alpha_mode="premultiplied")).alpha_mode == "premultiplied"
    assert plan("a.mp4", MatteSettings(alpha_mode="premultiplied")).alpha_mode == ""


def test_a_format_can_ask_for_premultiplied_colours() -> None:
    auto = plan_output("a.exr", KIND.RGBA, MatteSettings(), premultiplied_by_format=True)
    straight = plan_output(
        "a.exr", KIND.RGBA, MatteSettings(alpha_mode="straight"), premultiplied_by_format=True
    )
    assert auto.premultiplied
    assert not straight.premultiplied


def test_a_bare_mp4_is_over_green_and_says_so() -> None:
    said: list[str] = []
    plans = plan_outputs([OutputRequest("out.mp4")], MatteSettings(), said.append)
    assert plans[0].background == GREEN
    assert said == [
        "out.mp4 cannot carry alpha: composited over green; use .mov or .webm, or --background"
    ]


def test_an_asked_for_composite_is_over_green_without_a_word() -> None:
    said: list[str] = []
    plans = plan_outputs([OutputRequest("o.mov", KIND.COMPOSITE)], MatteSettings(), said.append)
    assert plans[0].background == GREEN
    assert said == []


def test_a_background_that_nothing_uses_is_said() -> None:
    said: list[str] = []
    plan_outputs([OutputRequest("o.mov")], MatteSettings(background="blur"), said.append)
    assert len(said) == 1
    assert "composite=o.mov" in said[0]


def test_a_composite_over_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="over nothing"):
        plan("a.mp4", MatteSettings(background="none"))


def test_the_same_path_twice_is_refused() -> None:
    twice = [OutputRequest("a.mov"), OutputRequest("./a.mov", KIND.ALPHA)]
    with pytest.raises(OutputError, match="given twice"):
        plan_outputs(twice, MatteSettings(), lambda line: None)


def test_a_job_without_outputs_is_refused() -> None:
    with pytest.raises(OutputError, match="at least one"):
        plan_outputs([], MatteSettings(), lambda line: None)


@pytest.mark.parametrize(
    ("background", "strength"),
    [("blur", 0.5), ("blur:0", 0.0), ("blur:0.25", 0.25), ("#00B140", None), ("blurry.png", None)],
)
def test_blur_and_its_strength(background: str, strength: float | None) -> None:
    assert blur_strength(background) == strength


@pytest.mark.parametrize("background", ["blur:", "blur:2", "blur:-1", "blur:much"])
def test_a_strength_out_of_range_is_refused(background: str) -> None:
    with pytest.raises(ConfigError, match=r"0\.\.1"):
        plan("a.mp4", MatteSettings(background=background))


def test_alpha_files_are_never_despilled() -> None:
    settings = MatteSettings(despill=0.5, screen="blue")
    assert plan("a.mov", settings, KIND.ALPHA).despill == 0
    assert plan("a.mov", settings).despill == 0.5
    assert plan("a.mov", settings).screen == "blue"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("sq/", "sq/%05d.png"),
        ("sq/", "x/../sq/#####.png"),
        ("s.%d.png", "s.%04d.png"),
        ("s.@@@@.tif", "s.%04d.tif"),
        ("s.exr", "s.%04d.exr"),
    ],
)
def test_two_spellings_of_the_same_files_are_refused(first: str, second: str) -> None:
    requests = [OutputRequest(first, OutputKind.ALPHA), OutputRequest(second, OutputKind.RGBA)]
    with pytest.raises(OutputError, match="writes the same files as") as caught:
        plan_outputs(requests, MatteSettings(), print)
    assert first in str(caught.value)


@pytest.mark.parametrize(
    ("first", "second"), [("a/", "b/"), ("s.%04d.png", "t.%04d.png"), ("f/", "f/%05d.tif")]
)
def test_sequences_beside_one_another_are_taken(first: str, second: str) -> None:
    requests = [OutputRequest(first, OutputKind.ALPHA), OutputRequest(second, OutputKind.RGBA)]
    assert len(plan_outputs(requests, MatteSettings(), print)) == 2


def test_a_start_number_that_no_output_uses_is_said() -> None:
    said: list[str] = []
    plan_outputs([OutputRequest("a.mov")], MatteSettings(start_number=7), said.append)
    assert said == ["--start-number 7 is not used: no output is a sequence"]
