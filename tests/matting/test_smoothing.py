from __future__ import annotations

import pytest

from streammat.errors import ConfigError
from streammat.matting.smoothing import AUTO_STRENGTH, smoothing_strength


def test_auto_is_on_for_video_and_off_for_a_still() -> None:
    assert smoothing_strength("auto") == AUTO_STRENGTH > 0
    assert smoothing_strength("auto", still=True) == 0


@pytest.mark.parametrize(("smooth", "strength"), [("off", 0), ("0.25", 0.25), (1, 1), ("0", 0)])
def test_written_strengths(smooth: str | float, strength: float) -> None:
    assert smoothing_strength(smooth) == strength
    assert smoothing_strength(smooth, still=True) == strength


@pytest.mark.parametrize("smooth", ["on", "1.1", "-0.1", "nan", "", 2])
def test_anything_else_is_refused(smooth: str | float) -> None:
    with pytest.raises(ConfigError, match=r"auto, off or a number in 0\.\.1"):
        smoothing_strength(smooth)
