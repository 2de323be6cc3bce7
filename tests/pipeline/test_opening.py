"""What is refused when a job is opened, before its network is loaded."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from streammat.errors import ConfigError
from streammat.pipeline.opening import finesse_of
from streammat.settings import MatteSettings
from tests.media.test_formats import INFO  # 96x64


@pytest.mark.parametrize("roi", [(96, 0, 9, 9), (0, 64, 9, 9)])
def test_a_region_outside_of_the_picture_is_refused(roi: tuple[int, int, int, int]) -> None:
    with ExitStack() as stack, pytest.raises(ConfigError, match="outside of the 96x64 picture"):
        finesse_of(MatteSettings(roi=roi), INFO, stack, print)


def test_a_region_that_reaches_into_the_picture_is_taken() -> None:
    with ExitStack() as stack:
        touch = finesse_of(MatteSettings(roi=(95, 63, 500, 500)), INFO, stack, print)
    assert touch is not None
    assert touch.roi == (95, 63, 500, 500)


@pytest.mark.parametrize("white", [0.2, 0.7])
def test_black_is_clipped_below_white(white: float) -> None:
    settings = MatteSettings(clip_black=0.7, clip_white=white)
    line = f"--clip-black 0.7 has to be below --clip-white {white:g}"
    with ExitStack() as stack, pytest.raises(ConfigError, match=line):
        finesse_of(settings, INFO, stack, print)
